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
    List<Problem> costs = List.of();
    if (offline) {
      Checks.offline(loaded.config());
    } else {
      costs = Checks.live(loaded.config());
    }
    var out = spec.commandLine().getOut();
    if (effective) {
      out.print(loaded.effectiveYaml());
    } else {
      costs.forEach(cost -> out.println("warning: " + cost));
      out.println(
          config.file()
              + " is fine: "
              + loaded.config().caches().size()
              + " caches, "
              + loaded.config().rules().size()
              + " rules, "
              + loaded.config().stores().size()
              + " stores."
              + (offline ? " The live schema was not asked." : ""));
    }
    out.flush();
    return 0;
  }
}
