package dev.hearth.cli;

import dev.hearth.cli.shop.SampleShop;
import dev.hearth.cli.shop.demo.Demo;
import dev.hearth.cli.shop.demo.Outcome;
import dev.hearth.cli.shop.demo.Screen;
import dev.hearth.sandbox.Sandbox;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The whole real pipeline on a sample shop, with traffic. */
@Command(
    name = "demo",
    description = {
      "Runs the whole pipeline on a sample shop, with traffic, until Ctrl-C; then compares every"
          + " cached entry with the database.",
      "Exit status 4 where one is stale."
    },
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(120);

  private static final int MOST_PER_SECOND = 100_000;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      converter = DurationText.class,
      description = "Ends by itself after so long (30s, 5m).")
  private @Nullable Duration length;

  @Option(
      names = "--reads",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Reads per second; default: ${DEFAULT-VALUE}.")
  private int reads = 1000;

  @Option(
      names = "--writes",
      paramLabel = "N",
      defaultValue = "200",
      description = "Writes per second; default: ${DEFAULT-VALUE}.")
  private int writes = 200;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "${env:HEARTH_PORT:-8080}",
      description = "HTTP port of the services; default: ${DEFAULT-VALUE}; 0: a free one.")
  private int port = 8080;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException, SQLException {
    List<String> problems = problems();
    if (!problems.isEmpty()) {
      throw new ParameterException(spec.commandLine(), String.join("\n", problems));
    }
    Path directory = Files.createTempDirectory("hearth-demo-");
    Path log = directory.resolve("hearth.log");
    Logging.toFile(log);
    try (StopSignal signal = StopSignal.listen(CLOSE_BOUND)) {
      return run(output.screen(), directory, log, signal);
    }
  }

  private List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (length != null && length.compareTo(Duration.ofSeconds(1)) < 0) {
      problems.add("--for is " + length.toMillis() + " ms; expected 1s or more");
    }
    if (reads < 0 || reads > MOST_PER_SECOND) {
      problems.add("--reads is " + reads + "; expected 0 to " + MOST_PER_SECOND + " per second");
    }
    if (writes < 0 || writes > MOST_PER_SECOND) {
      problems.add("--writes is " + writes + "; expected 0 to " + MOST_PER_SECOND + " per second");
    }
    if (port < 0 || port > 65_535) {
      problems.add("--port is " + port + "; expected 0 (a free one) to 65535");
    }
    return problems;
  }

  private int run(Screen screen, Path directory, Path log, StopSignal signal)
      throws InterruptedException, IOException, SQLException {
    screen.say("Starting PostgreSQL, Kafka, Redis and Hazelcast. The log is\n  " + log);
    return ShopPipeline.run(
        screen,
        signal,
        Sandbox.builder(),
        SampleShop.PRODUCTS,
        directory.resolve("hearth.yaml"),
        (servers, shop) -> shop.configuration(port, directory.resolve("data")),
        running -> {
          double startupSeconds =
              (System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime())
                  / 1000.0;
          introduce(screen, running, startupSeconds);
          Outcome outcome =
              new Demo(
                      running.config(),
                      running.services().warmer().orElseThrow(),
                      running.services().metrics(),
                      running.services().readers(),
                      screen,
                      new Demo.Load(reads, writes))
                  .run(Optional.ofNullable(length), signal.latch(), startupSeconds);
          conclude(screen, outcome);
          return switch (outcome.proof()) {
            case TRUE -> 0;
            case NONE -> Hearth.FAILED;
            case STALE -> Hearth.STALE;
          };
        });
  }

  private static void introduce(Screen screen, ShopPipeline running, double startupSeconds) {
    Sandbox servers = running.servers();
    Services services = running.services();
    screen.say(
        String.format(
            Locale.ROOT,
            """

            Running after %.1f s.
              database       %s?user=%s
              Kafka          %s
              Redis          %s
              Hazelcast      %s, cluster %s
              services       %s with /health/ready and /metrics
              configuration  %s

            Two things to try in another terminal:
              ./hearth warm --url %s --cache product --top 1000 --wait
              curl '%s/v1/hot-keys?cache=product&top=5'
            """,
            startupSeconds,
            running.shop().url(),
            servers.postgres().user(),
            servers.kafka().bootstrapServers(),
            servers.redis().uri(),
            servers.hazelcast().address(),
            servers.hazelcast().clusterName(),
            services.uri(),
            running.file(),
            services.uri(),
            services.uri()));
  }

  private void conclude(Screen screen, Outcome outcome) {
    if (output.isJson()) {
      System.out.print(output.text(outcome, String::new));
      System.out.flush();
      return;
    }
    StringBuilder phases = new StringBuilder();
    outcome.phases().forEach((phase, lag) -> phases.append(line(phase, lag)));
    if (outcome.steadyLagMillis().max() > 0) {
      phases.append(line("  after 10 s", outcome.steadyLagMillis()));
    }
    screen.say(
        String.format(
            Locale.ROOT,
            """

              reads                %,d, hit ratio %.1f %%
              writes               %,d
              failed               %,d
              warmed entries       %,d
              prompt to traffic    %.1f s

              lag in milliseconds         p50        p99        max
            %s
              audited              %,d cached entries
              stale                %,d   %s
            """,
            outcome.reads(),
            100 * outcome.hitRatio(),
            outcome.writes(),
            outcome.failures(),
            outcome.warmedKeys(),
            outcome.startupSeconds(),
            phases,
            outcome.audited(),
            outcome.stale(),
            outcome.proof().sentence()));
  }

  private static String line(String phase, Outcome.Lag lag) {
    return String.format(
        Locale.ROOT, "  %-20s %10.1f %10.1f %10.1f%n", phase, lag.p50(), lag.p99(), lag.max());
  }
}
