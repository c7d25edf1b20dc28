package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hearth.chassis.StartupException;
import dev.hearth.cli.shop.demo.Screen;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Applies invalidations of the log again. */
@Command(
    name = "replay",
    description =
        "Applies again the invalidations since a position or a time. Safe at any time: entries are"
            + " taken out once more and filled again. Asks a running invalidator.",
    mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {
  private static final Pattern POSITION = Pattern.compile("\\d+:[0-9A-Fa-f]+/[0-9A-Fa-f]+");
  private static final String PATH = "/v1/replays";

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServiceOptions service = new ServiceOptions();

  @Option(
      names = "--from",
      paramLabel = "POSITION|TIME",
      required = true,
      description =
          "A position as tail prints it (3:16/B374D848), a time (2026-05-01T12:00:00Z), or how long"
              + " ago (2h).")
  private String from = "";

  @Option(names = "--store", paramLabel = "NAME", description = "Only to this store.")
  private @Nullable String store;

  @Option(
      names = "--void",
      description =
          "Where the log does not reach back so far: voids what is cached instead. Without it, that"
              + " is refused.")
  private boolean voids;

  @Option(names = "--wait", description = "Waits for the end, with progress.")
  private boolean wait;

  @Option(
      names = "--budget",
      paramLabel = "DURATION",
      converter = DurationText.class,
      defaultValue = "${env:HEARTH_BUDGET:-10m}",
      description = "Longest wait; exit status 3 when it is over; default: ${DEFAULT-VALUE}.")
  private Duration budget = Duration.ofMinutes(10);

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException {
    Logging.off();
    ServiceClient client = service.client();
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("from", place());
    if (store != null) {
      request.put("store", store);
    }
    request.put("void", voids);
    JsonNode at = client.post(PATH, request);
    Screen screen = output.screen();
    long deadline = System.nanoTime() + budget.toNanos();
    while (wait && count(at, "running") > 0) {
      if (System.nanoTime() > deadline) {
        screen.endLine();
        print(at);
        spec.commandLine()
            .getErr()
            .println(
                "The replay is not over after "
                    + budget.toSeconds()
                    + " s; it goes on. Look again: curl "
                    + client.resolve(PATH));
        return Hearth.NOT_REACHED;
      }
      screen.status(sentence(at));
      TimeUnit.MILLISECONDS.sleep(200);
      at = client.get(PATH);
    }
    screen.endLine();
    print(at);
    return elsewhere(at) ? Hearth.FAILED : 0;
  }

  /** How long ago is counted from here, before it travels. */
  private String place() {
    if (POSITION.matcher(from).matches()) {
      return from;
    }
    Instant time;
    try {
      time = new TimeText().convert(from);
    } catch (picocli.CommandLine.TypeConversionException e) {
      throw new StartupException(
          "--from: \""
              + from
              + "\" is neither a position, such as 3:16/B374D848, nor a time, such as"
              + " 2026-05-01T12:00:00Z, nor how long ago, such as 2h",
          Hearth.USAGE,
          e);
    }
    return time.toString();
  }

  private void print(JsonNode at) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(at, () -> table(at)));
    out.flush();
  }

  private boolean elsewhere(JsonNode at) {
    if (count(at, "elsewhere") == 0) {
      return false;
    }
    PrintWriter err = spec.commandLine().getErr();
    err.println(
        "Some partitions are delivered by another invalidator, which was not asked: run it there"
            + " too, with --url.");
    err.flush();
    return true;
  }

  private long count(JsonNode at, String state) {
    long count = 0;
    for (Map.Entry<String, JsonNode> each : at.properties()) {
      if (store == null || store.equals(each.getKey())) {
        for (JsonNode partition : each.getValue()) {
          count += state.equals(partition.path("state").asText()) ? 1 : 0;
        }
      }
    }
    return count;
  }

  private String sentence(JsonNode at) {
    long left = 0;
    for (Map.Entry<String, JsonNode> each : at.properties()) {
      for (JsonNode partition : each.getValue()) {
        if ("running".equals(partition.path("state").asText())) {
          left += Math.max(0, partition.path("to").asLong() - partition.path("at").asLong());
        }
      }
    }
    return String.format(Locale.ROOT, "replaying: %,d records to go", left);
  }

  private String table(JsonNode at) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%-16s %9s  %12s %12s %12s  %s%n",
            "store",
            "partition",
            "from",
            "to",
            "at",
            "state"));
    at.properties()
        .forEach(
            each ->
                each.getValue()
                    .forEach(
                        partition ->
                            text.append(
                                String.format(
                                    Locale.ROOT,
                                    "%-16s %9d  %12d %12d %12d  %s%n",
                                    each.getKey(),
                                    partition.path("partition").asInt(),
                                    partition.path("from").asLong(),
                                    partition.path("to").asLong(),
                                    partition.path("at").asLong(),
                                    partition.path("state").asText()))));
    if (!wait && count(at, "running") > 0) {
      text.append(
          "\nIt has begun; hearth status says how far it is, and --wait would have waited.\n");
    }
    return text.toString();
  }
}
