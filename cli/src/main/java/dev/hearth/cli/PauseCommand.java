package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Holds what Hearth itself asks of the database and the stores; never what keeps caches true. */
@Command(
    name = "pause",
    description =
        "Holds warm-up runs, of one cache or of all, until hearth resume; a restart does not let"
            + " them go. Invalidations go on: a cache that is not told of changes would be wrong.",
    mixinStandardHelpOptions = true)
final class PauseCommand implements Callable<Integer> {
  private static final String PATH = "/v1/pauses";

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServiceOptions service = new ServiceOptions();

  @Option(names = "--cache", paramLabel = "NAME", description = "Only of this cache.")
  private @Nullable String cache;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      description = "Why, for those who look at the status.")
  private @Nullable String reason;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException {
    Logging.off();
    Map<String, Object> request = new LinkedHashMap<>();
    if (cache != null) {
      request.put("cache", cache);
    }
    if (reason != null) {
      request.put("reason", reason);
    }
    print(spec, output, service.client().post(PATH, request));
    return 0;
  }

  private static void print(CommandSpec spec, OutputOptions output, JsonNode answer) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(answer, () -> table(answer)));
    out.flush();
  }

  private static String table(JsonNode answer) {
    if (answer.path("pauses").isEmpty()) {
      return "No warm-up run is paused.\n";
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode pause : answer.path("pauses")) {
      text.append("Warm-up runs of ")
          .append(pause.has("cache") ? "cache " + pause.path("cache").asText() : "all caches")
          .append(" are paused since ")
          .append(pause.path("since").asText())
          .append(
              pause.path("reason").asText().isEmpty() ? "" : ": " + pause.path("reason").asText())
          .append('\n');
    }
    return text.toString();
  }

  /** Lets go what {@link PauseCommand} held. */
  @Command(
      name = "resume",
      description = "Lets warm-up runs go on that hearth pause held, of one cache or of all.",
      mixinStandardHelpOptions = true)
  static final class Resume implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ServiceOptions service = new ServiceOptions();

    @Option(names = "--cache", paramLabel = "NAME", description = "Only of this cache.")
    private @Nullable String cache;

    @Mixin private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws InterruptedException {
      Logging.off();
      String path = cache == null ? PATH : PATH + "/" + ServiceClient.encoded(cache);
      print(spec, output, service.client().delete(path));
      return 0;
    }
  }
}
