package dev.hearth.cli;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The services against the user's own servers. */
@Command(
    name = "run",
    description = "Runs the services against your servers, until it is stopped.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(60);

  @Mixin private ConfigOptions config = new ConfigOptions();

  @Option(
      names = "--role",
      split = ",",
      paramLabel = "ROLE",
      defaultValue = "${env:HEARTH_ROLE:-ingest,invalidate,warm}",
      description = "Which services: ${COMPLETION-CANDIDATES}; default: all.")
  private List<Role> roles = List.of(Role.values());

  @Override
  public Integer call() throws InterruptedException {
    Set<Role> chosen = EnumSet.copyOf(roles);
    try (StopSignal signal = StopSignal.listen(CLOSE_BOUND);
        Services services = new Services(config.load().config(), chosen)) {
      services.start();
      // No field: the first logger fixes for all commands where their log goes.
      Logger log = LoggerFactory.getLogger(RunCommand.class);
      log.info("running roles={} url={}", chosen, services.uri());
      signal.latch().await();
    }
    return 0;
  }
}
