package dev.hearth.cli;

import dev.hearth.cli.shop.bench.BenchSettings;
import dev.hearth.cli.shop.bench.BenchStore;
import dev.hearth.cli.shop.bench.Circumstances;
import dev.hearth.cli.shop.bench.Measured;
import dev.hearth.cli.shop.bench.Processors;
import dev.hearth.cli.shop.bench.Report;
import dev.hearth.cli.shop.bench.WarmBench;
import dev.hearth.cli.shop.demo.Screen;
import dev.hearth.sandbox.Sandbox;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measurements of the whole pipeline on this machine. */
@Command(
    name = "bench",
    description = "Measures the whole pipeline on this machine, and writes a report.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = BenchCommand.Warm.class)
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name what to measure: hearth bench warm.");
  }

  /** How soon a flushed store is warm again, and what that costs the database. */
  @Command(
      name = "warm",
      description = {
        "Measures the hit ratio against time after a flush, by traffic alone and with a warm-up run,"
            + " and the database's latency meanwhile.",
        "Exit status 3 where a goal is not reached."
      },
      mixinStandardHelpOptions = true)
  static final class Warm implements Callable<Integer> {
    private static final Duration CLOSE_BOUND = Duration.ofSeconds(120);
    private static final int INTERRUPTED = 130;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
        names = "--for",
        paramLabel = "DURATION",
        converter = DurationText.class,
        defaultValue = "4m",
        description = "Longest time of one phase of traffic; default: ${DEFAULT-VALUE}.")
    private Duration length = Duration.ofMinutes(4);

    @Option(
        names = "--reads",
        paramLabel = "N",
        defaultValue = "1000",
        description = "Reads per second; default: ${DEFAULT-VALUE}.")
    private int reads = 1000;

    @Option(
        names = "--keys",
        paramLabel = "N",
        defaultValue = "20000",
        description = "Products in the shop; default: ${DEFAULT-VALUE}.")
    private int keys = 20_000;

    @Option(
        names = "--zipf",
        paramLabel = "EXPONENT",
        defaultValue = "1.0",
        description = "How unevenly they are read; 0: all alike; default: ${DEFAULT-VALUE}.")
    private double zipf = 1.0;

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "1",
        description = "Which keys are read, and in which order; default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
        names = "--rounds",
        paramLabel = "N",
        defaultValue = "3",
        description =
            "How often a run is measured; the one in the middle counts; default:"
                + " ${DEFAULT-VALUE}.")
    private int rounds = 3;

    @Option(
        names = "--rate",
        paramLabel = "auto|PERCENT",
        defaultValue = "auto",
        description = "Pace of a run, as --rate of hearth warm; default: ${DEFAULT-VALUE}.")
    private String rate = "auto";

    @Option(
        names = "--apart",
        description =
            "Gives the database a processor for itself, and everything else the others, as if it"
                + " were a machine apart.")
    private boolean apart;

    @Option(
        names = "--store",
        paramLabel = "STORE",
        defaultValue = "redis",
        description =
            "The store that is flushed: ${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
    private BenchStore store = BenchStore.REDIS;

    @Option(
        names = "--out",
        paramLabel = "DIRECTORY",
        description = "Where the report goes; default: a new directory, which is printed.")
    private @Nullable Path out;

    @Mixin private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws InterruptedException, IOException, SQLException {
      BenchSettings settings =
          new BenchSettings(
              length,
              reads,
              keys,
              zipf,
              seed,
              rounds,
              WarmOptions.databaseShare(spec, rate),
              apart);
      Path directory = out == null ? Files.createTempDirectory("hearth-bench-") : out;
      List<String> problems = new ArrayList<>(settings.problems());
      reportsInto(directory).ifPresent(problems::add);
      if (apart) {
        Processors.problem().ifPresent(problems::add);
      }
      if (!problems.isEmpty()) {
        throw new ParameterException(spec.commandLine(), String.join("\n", problems));
      }
      Circumstances circumstances = Circumstances.now(command(), Version.current());
      Logging.toFile(directory.resolve("hearth.log"));
      try (StopSignal signal = StopSignal.listen(CLOSE_BOUND)) {
        Optional<Measured> measured = measure(output.screen(), settings, directory, signal);
        if (measured.isEmpty()) {
          return INTERRUPTED;
        }
        Report report = new Report(measured.get(), circumstances.atTheEnd());
        report.write(directory);
        conclude(report, directory);
        return measured.get().reachesItsGoals() ? 0 : Hearth.NOT_REACHED;
      }
    }

    private static Optional<String> reportsInto(Path directory) {
      try {
        Files.createDirectories(directory);
        if (Files.isWritable(directory)) {
          return Optional.empty();
        }
      } catch (IOException e) {
        return Optional.of(
            "--out is " + directory + ", which is no directory and cannot be made one: " + e);
      }
      return Optional.of("--out is " + directory + ", which this user may not write to");
    }

    private String command() {
      return "hearth "
          + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
    }

    private Optional<Measured> measure(
        Screen screen, BenchSettings settings, Path directory, StopSignal signal)
        throws InterruptedException, IOException, SQLException {
      screen.say(
          "Starting PostgreSQL, Kafka and "
              + store.storeName()
              + "; the report goes to "
              + directory);
      return ShopPipeline.run(
          screen,
          signal,
          Sandbox.builder().servers(store.servers()),
          settings.keys(),
          directory.resolve("hearth.yaml"),
          (servers, shop) ->
              store.yaml(servers, shop.url(), servers.dataDirectory().resolve("hearth")),
          running -> {
            try (BenchStore.Flusher flusher = store.flusher(running.servers())) {
              if (settings.apart()) {
                Processors.apart();
              }
              return new WarmBench(
                      settings,
                      running.config(),
                      running.services().warmer().orElseThrow(),
                      Objects.requireNonNull(running.services().readers().get(store.storeName())),
                      flusher,
                      line -> screen.status(line))
                  .measure(signal.latch());
            }
          });
    }

    private void conclude(Report report, Path directory) {
      PrintWriter printed = spec.commandLine().getOut();
      printed.print(output.text(report.figures(), report::table));
      if (!output.isJson()) {
        printed.printf("%n  report   %s%n", directory.resolve("index.html").toUri());
        printed.printf("  figures  %s%n", directory.resolve("figures.json"));
      }
      printed.flush();
    }
  }
}
