package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class EnvironmentDefaultsTest {
  @Test
  void whatIsTypedGoesBeforeTheEnvironmentAndThatBeforeTheDefault() {
    assertThat(top(Map.of(), "hot", "--cache", "product")).isEqualTo("20");
    assertThat(top(Map.of("HEARTH_TOP", "7"), "hot", "--cache", "product")).isEqualTo("7");
    assertThat(top(Map.of("HEARTH_TOP", "7"), "hot", "--cache", "product", "--top", "9"))
        .isEqualTo("9");
  }

  @Test
  void everyOptionOfEveryCommandHasAVariable() {
    Map<String, OptionSpec> options = new HashMap<>();
    collect(Hearth.commandLine(Map.of()), options);
    assertThat(options)
        .containsKeys("HEARTH_MAX_KEYS", "HEARTH_DRY_RUN", "HEARTH_CONFIG", "HEARTH_READS")
        .allSatisfy(
            (variable, option) ->
                assertThat(new EnvironmentDefaults(Map.of(variable, "x")).defaultValue(option))
                    .as(variable)
                    .isEqualTo("x"));
  }

  @Test
  void aWrongValueIsAUsageErrorAsIfItWereTyped() {
    StringWriter err = new StringWriter();
    CommandLine command = Hearth.commandLine(Map.of("HEARTH_READS", "many"));
    command.setErr(new PrintWriter(err, true));

    assertThat(command.execute("demo")).isEqualTo(2);
    assertThat(err.toString()).contains("--reads", "many");
  }

  @Test
  void theVersionOfAContainerIsNoOption() {
    StringWriter out = new StringWriter();
    CommandLine command =
        Hearth.commandLine(Map.of("HEARTH_VERSION", "true", "HEARTH_HELP", "true"));
    command.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(new StringWriter()));

    assertThat(command.execute("bench")).as("a usage error, no help").isEqualTo(2);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void completesInAShell() {
    StringWriter out = new StringWriter();
    CommandLine command = Hearth.commandLine(Map.of());
    command.setOut(new PrintWriter(out, true));
    Objects.requireNonNull(command.getSubcommands().get("generate-completion"))
        .setOut(new PrintWriter(out, true));

    assertThat(command.execute("generate-completion")).isZero();
    assertThat(out.toString()).contains("complete -F", "--max-keys", "teardown");
  }

  private static String top(Map<String, String> environment, String... arguments) {
    return Hearth.commandLine(environment)
        .parseArgs(arguments)
        .subcommand()
        .commandSpec()
        .findOption("--top")
        .getValue();
  }

  private static void collect(CommandLine command, Map<String, OptionSpec> into) {
    command.getCommandSpec().options().stream()
        .filter(option -> !option.usageHelp() && !option.versionHelp())
        .forEach(option -> into.put(EnvironmentDefaults.variable(option), option));
    command.getSubcommands().values().forEach(each -> collect(each, into));
  }
}
