package dev.hearth.cli;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The services against the user's own servers. */
@Command(
    name = "run",
    description = "Runs the services against your servers, until it is stopped.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  private static final long CLOSE_SECONDS = 60;

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
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    try (Services services = new Services(config.load().config(), chosen)) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    stop.countDown();
                    awaitQuietly(closed);
                  },
                  "stop"));
      services.start();
      stop.await();
    } finally {
      closed.countDown();
    }
    return 0;
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
