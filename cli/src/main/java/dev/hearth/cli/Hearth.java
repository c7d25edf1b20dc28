package dev.hearth.cli;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.sandbox.SandboxException;
import java.io.PrintWriter;
import java.util.Map;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The hearth command. Exit status: 0 fine, 1 failed, 2 usage or configuration, others as told. */
@Command(
    name = "hearth",
    description = "Keeps caches true and warm.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      SandboxCommand.class,
      RunCommand.class,
      InitCommand.class,
      ValidateCommand.class,
      DoctorCommand.class,
      WarmCommand.class,
      TailCommand.class,
      StatusCommand.class,
      HotCommand.class,
      AuditCommand.class,
      DlqCommand.class,
      ReplayCommand.class,
      PlanCommand.class,
      PauseCommand.class,
      PauseCommand.Resume.class,
      WhyCommand.class,
      TeardownCommand.class,
      BenchCommand.class,
      AutoComplete.GenerateCompletion.class,
      CommandLine.HelpCommand.class
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "  0:fine",
      "  1:failed, or a problem was found",
      "  2:wrong usage or configuration; nothing was started",
      "  3:a target was not reached in time",
      "  4:stale entries were found",
      "130:interrupted"
    },
    footerHeading = "%nBegin with:%n",
    footer = {
      "  hearth demo                          the whole pipeline on a sample shop",
      "  hearth init --jdbc jdbc:postgresql://HOST:5432/DATABASE",
      "  hearth doctor --config hearth.yaml"
    })
public final class Hearth implements Runnable {
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int NOT_REACHED = 3;
  static final int STALE = 4;

  @Spec private CommandSpec spec = CommandSpec.create();

  public static void main(String[] arguments) {
    System.exit(execute(arguments));
  }

  /** Runs a command and returns its exit status. */
  public static int execute(String... arguments) {
    return commandLine().execute(arguments);
  }

  static CommandLine commandLine() {
    return commandLine(System.getenv());
  }

  static CommandLine commandLine(Map<String, String> environment) {
    CommandLine command = new CommandLine(new Hearth());
    command.setDefaultValueProvider(new EnvironmentDefaults(environment));
    tellVersion(command);
    command.setCaseInsensitiveEnumValuesAllowed(true);
    command.setExecutionExceptionHandler(
        (failure, failed, parsed) -> {
          PrintWriter err = failed.getErr();
          if (failure instanceof ConfigException config) {
            config.problems().forEach(problem -> err.println(problem));
            err.println(
                config.problems().size() == 1
                    ? "1 problem; nothing was started."
                    : config.problems().size() + " problems; nothing was started.");
            return USAGE;
          }
          if (failure instanceof StartupException startup) {
            err.println(startup.getMessage());
            return startup.exitCode();
          }
          if (failure instanceof SandboxException sandbox) {
            err.println(sandbox.getMessage());
            return FAILED;
          }
          err.println("hearth failed: " + failure);
          failure.printStackTrace(err);
          return FAILED;
        });
    CommandLine.IParameterExceptionHandler usual = command.getParameterExceptionHandler();
    command.setParameterExceptionHandler(
        (failure, given) -> {
          usual.handleParseException(failure, given);
          return USAGE;
        });
    return command;
  }

  /** Every command has the option, so every command has to have the answer. */
  private static void tellVersion(CommandLine command) {
    command.getCommandSpec().versionProvider(new CurrentVersion());
    command.getSubcommands().values().forEach(Hearth::tellVersion);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name a command.");
  }

  /** Version of the build, for {@code --version}. */
  static final class CurrentVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"hearth " + Version.current()};
    }
  }
}
