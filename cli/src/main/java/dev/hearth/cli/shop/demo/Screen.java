package dev.hearth.cli.shop.demo;

import java.io.PrintStream;

/**
 * What a person sees: sentences, and on a terminal one line that is written over. Off a terminal
 * the line comes seldom and stays. Thread-safe.
 */
public final class Screen {
  private static final long SELDOM_NANOS = 5_000_000_000L;

  private final PrintStream out;
  private final boolean terminal;
  private boolean lineOpen;
  private long lastNanos = System.nanoTime() - SELDOM_NANOS;

  public Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  public synchronized void say(String sentence) {
    endLine();
    out.println(sentence);
  }

  /** Shows the state of things. */
  public synchronized void status(String line) {
    if (terminal) {
      out.print("\r\u001b[2K" + line);
      out.flush();
      lineOpen = true;
    } else if (System.nanoTime() - lastNanos >= SELDOM_NANOS) {
      lastNanos = System.nanoTime();
      out.println(line);
    }
  }

  public synchronized void endLine() {
    if (lineOpen) {
      out.println();
      lineOpen = false;
    }
  }
}
