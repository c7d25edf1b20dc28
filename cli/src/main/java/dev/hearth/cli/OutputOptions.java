package dev.hearth.cli;

import dev.hearth.cli.demo.Screen;
import picocli.CommandLine.Option;

/** How a command prints what it found, and where it talks meanwhile. */
final class OutputOptions {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "${COMPLETION-CANDIDATES}; default: table.")
  private OutputFormat format = OutputFormat.TABLE;

  boolean isJson() {
    return format == OutputFormat.JSON;
  }

  /** Progress for people: on stderr where stdout is for one line of JSON. */
  Screen screen() {
    return new Screen(
        isJson() ? System.err : System.out,
        System.console() != null && System.getenv("NO_COLOR") == null);
  }
}
