package dev.hearth.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.hearth.cli.shop.demo.Screen;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How a command prints what it found, and where it talks meanwhile. */
final class OutputOptions {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML =
      YAMLMapper.builder().disable(YAMLGenerator.Feature.SPLIT_LINES).build();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "${env:HEARTH_OUTPUT:-table}",
      description = "How to print it: ${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
  private OutputFormat format = OutputFormat.TABLE;

  /** Whether a program reads it. */
  boolean isJson() {
    return format != OutputFormat.TABLE;
  }

  /** Whether a person sees it, on a terminal that likes colour. */
  boolean isColoured() {
    return !isJson() && System.console() != null && System.getenv("NO_COLOR") == null;
  }

  /**
   * What to print, with the end of its last line.
   *
   * @param tree of maps, lists and plain values, or JSON
   */
  String text(Object tree, Supplier<String> table) {
    return switch (format) {
      case TABLE -> table.get();
      case JSON -> write(JSON, tree) + "\n";
      case YAML -> write(YAML, tree);
    };
  }

  private static String write(ObjectMapper mapper, Object tree) {
    try {
      return mapper.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what is printed is made of plain values", e);
    }
  }

  /** Progress for people: on stderr where stdout is for one line of JSON. */
  Screen screen() {
    return new Screen(isJson() ? System.err : System.out, terminalWidth());
  }

  /** Columns of a terminal on which a line may be written over; 0: there is none. */
  static int terminalWidth() {
    return System.console() != null && System.getenv("NO_COLOR") == null
        ? CommandSpec.create().usageMessage().autoWidth(true).width()
        : 0;
  }
}
