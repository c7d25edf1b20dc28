package dev.hearth.cli;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.cli.demo.Demo;
import dev.hearth.cli.demo.Outcome;
import dev.hearth.cli.demo.SampleShop;
import dev.hearth.cli.demo.Screen;
import dev.hearth.sandbox.Sandbox;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The whole real pipeline on a sample shop, with traffic. */
@Command(
    name = "demo",
    description = "Runs the whole pipeline on a sample shop, with traffic, until Ctrl-C.",
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(120);
  private static final Duration READY_BOUND = Duration.ofSeconds(30);
  private static final Duration READY_PAUSE = Duration.ofMillis(20);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      converter = DurationText.class,
      description = "Ends by itself after so long (30s, 5m), audits, prints a summary.")
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
    if (reads < 0 || writes < 0 || port < 0 || port > 65535) {
      throw new ParameterException(
          spec.commandLine(),
          "--reads and --writes take 0 or more, --port 0 to 65535; found --reads "
              + reads
              + " --writes "
              + writes
              + " --port "
              + port);
    }
    Path directory = Files.createTempDirectory("hearth-demo-");
    Path log = directory.resolve("hearth.log");
    Logging.toFile(log);
    try (StopSignal signal = StopSignal.listen(CLOSE_BOUND)) {
      return run(output.screen(), directory, log, signal.latch());
    }
  }

  private int run(Screen screen, Path directory, Path log, CountDownLatch stop)
      throws InterruptedException, IOException, SQLException {
    screen.say("Starting PostgreSQL, Kafka, Redis and Hazelcast; the log is " + log);
    try (Sandbox servers = Sandbox.builder().progress(line -> screen.say("  " + line)).start()) {
      SampleShop shop = new SampleShop(servers);
      shop.create();
      screen.say(String.format(Locale.ROOT, "  a shop with %,d products", SampleShop.PRODUCTS));
      Path file = directory.resolve("hearth.yaml");
      Files.writeString(file, shop.configuration(port, directory.resolve("data")));
      HearthConfig config = ConfigLoader.load(file, Map.of(), Map.of()).config();
      try (Services services = new Services(config, EnumSet.allOf(Role.class))) {
        services.start();
        awaitReady(services.health());
        double startupSeconds =
            (System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime())
                / 1000.0;
        introduce(screen, servers, shop, services, file, startupSeconds);
        Demo demo =
            new Demo(
                config,
                services.warmer().orElseThrow(),
                services.metrics(),
                services.readers(),
                screen,
                new Demo.Load(reads, writes));
        Outcome outcome = demo.run(Optional.ofNullable(length), stop, startupSeconds);
        conclude(screen, outcome);
        return outcome.isCoherent() ? 0 : Hearth.STALE;
      }
    }
  }

  /** Traffic that came before the log is followed would measure the start, not the pipeline. */
  static void awaitReady(Health health) throws InterruptedException {
    long deadline = System.nanoTime() + READY_BOUND.toNanos();
    while (!health.ready().fine()) {
      if (System.nanoTime() > deadline) {
        throw new StartupException(
            "the services are not ready after "
                + READY_BOUND.toSeconds()
                + " s: "
                + health.ready().failed(),
            1);
      }
      TimeUnit.NANOSECONDS.sleep(READY_PAUSE.toNanos());
    }
  }

  private static void introduce(
      Screen screen,
      Sandbox servers,
      SampleShop shop,
      Services services,
      Path file,
      double startupSeconds) {
    screen.say(
        String.format(
            Locale.ROOT,
            """

            Running after %.1f s.
              database       %s?user=%s
              Kafka          %s
              Redis          %s
              Hazelcast      %s, cluster %s
              services       %s   /health/ready  /metrics  /v1/hot-keys?cache=product&top=5
              configuration  %s

            Two things to try in another terminal:
              ./hearth warm --url %s --cache product --top 1000 --wait
              curl '%s/v1/hot-keys?cache=product&top=5'
            """,
            startupSeconds,
            shop.url(),
            servers.postgres().user(),
            servers.kafka().bootstrapServers(),
            servers.redis().uri(),
            servers.hazelcast().address(),
            servers.hazelcast().clusterName(),
            services.uri(),
            file,
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
    outcome
        .phases()
        .forEach(
            (phase, lag) ->
                phases.append(
                    String.format(
                        Locale.ROOT,
                        "  %-20s %10.1f %10.1f %10.1f%n",
                        phase,
                        lag.p50(),
                        lag.p99(),
                        lag.max())));
    phases.append(
        String.format(
            Locale.ROOT,
            "  %-20s %10.1f %10.1f %10.1f%n",
            "after 10 s",
            outcome.steadyLagMillis().p50(),
            outcome.steadyLagMillis().p99(),
            outcome.steadyLagMillis().max()));
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
            outcome.isCoherent() ? "the caches are true" : "SOMETHING IS WRONG"));
  }

  /** Durations as the configuration writes them. */
  static final class DurationText implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
      } catch (java.time.format.DateTimeParseException e) {
        throw new TypeConversionException(
            "\""
                + text
                + "\" is not a duration; expected a number with a unit such as 30s, 5m, 1h");
      }
    }
  }
}
