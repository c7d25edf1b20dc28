package dev.hearth.cli;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.Problem;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** All problems of a configuration at once, the live schema's among them. */
@Command(
    name = "validate",
    description = "Says everything that is wrong with a configuration, at once.",
    mixinStandardHelpOptions = true)
final class ValidateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ConfigOptions config = new ConfigOptions();

  @Option(names = "--offline", description = "Does not compare the rules with the live schema.")
  private boolean offline;

  @Option(
      names = "--effective",
      description = "Prints the configuration with defaults and overrides, secrets masked.")
  private boolean effective;

  @Override
  public Integer call() {
    Logging.off();
    ConfigLoader.Loaded loaded = config.load();
    List<Problem> warnings =
        offline ? Checks.offline(loaded.config()) : Checks.live(loaded.config());
    var out = spec.commandLine().getOut();
    if (effective) {
      out.print(loaded.effectiveYaml());
    } else {
      warnings.forEach(warning -> out.println("warning: " + warning));
      out.println(
          config.file()
              + " is fine: "
              + count(loaded.config().caches().size(), "cache")
              + ", "
              + count(loaded.config().rules().size(), "rule")
              + ", "
              + count(loaded.config().stores().size(), "store")
              + (warnings.isEmpty() ? "." : "; " + count(warnings.size(), "warning") + ".")
              + (offline ? " The live schema was not asked." : ""));
    }
    out.flush();
    return 0;
  }

  private static String count(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }
}
