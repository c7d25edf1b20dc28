package dev.hearth.sandbox;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * Waits in a process's output for the one line that says that it serves; a JVM writes warnings of
 * its own before it. Reads on to the end, so that the process never waits for its reader. Any
 * thread may ask.
 */
final class ReadyLine {
  private final String line;
  private final InputStream output;
  private volatile boolean seen;

  ReadyLine(String line, InputStream output) {
    this.line = line;
    this.output = output;
  }

  /** Begins to read, on a thread of its own that ends with the output. */
  static ReadyLine in(InputStream output, String line) {
    ReadyLine ready = new ReadyLine(line, output);
    Thread reader = new Thread(ready::read, "ready-line");
    reader.setDaemon(true);
    reader.start();
    return ready;
  }

  boolean seen() {
    return seen;
  }

  /** Reads to the end. */
  void read() {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8))) {
      String next = reader.readLine();
      while (next != null && !next.equals(line)) {
        next = reader.readLine();
      }
      seen = next != null;
      reader.transferTo(Writer.nullWriter());
    } catch (IOException e) {
      // The process has ended, which whoever waits for it sees too.
    }
  }
}
