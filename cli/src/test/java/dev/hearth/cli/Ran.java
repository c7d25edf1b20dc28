package dev.hearth.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import picocli.CommandLine;

/** A command that was run as a user would: its exit status and what it wrote. */
record Ran(int status, String out, String err, Duration took) {
  static Ran run(String... arguments) {
    return run(Hearth.commandLine(), arguments);
  }

  static Ran run(CommandLine command, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    long began = System.nanoTime();
    int status = command.execute(arguments);
    return new Ran(
        status, out.toString(), err.toString(), Duration.ofNanos(System.nanoTime() - began));
  }
}
