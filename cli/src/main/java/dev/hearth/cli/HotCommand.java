package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which keys are read most, what they cost, and which of them a cache cannot help. */
@Command(
    name = "hot",
    description =
        "Shows the keys that are read most, with the error of their rates, how often they are"
            + " written, and which are better not cached.",
    mixinStandardHelpOptions = true)
final class HotCommand implements Callable<Integer> {
  private static final int WIDEST_KEY = 48;
  private static final String COLUMNS = " %17s %9s %12s %9s %8s  %s";

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServiceOptions service = new ServiceOptions();

  @Option(
      names = "--cache",
      paramLabel = "NAME",
      defaultValue = "${env:HEARTH_CACHE}",
      description = "Only this cache; by default all.")
  private @Nullable String cache;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "${env:HEARTH_TOP:-20}",
      description = "Most keys of a cache; default: ${DEFAULT-VALUE}.")
  private String top = "20";

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException {
    Logging.off();
    String path =
        "/v1/hot-keys?top="
            + ServiceClient.encoded(top)
            + Optional.ofNullable(cache)
                .map(name -> "&cache=" + ServiceClient.encoded(name))
                .orElse("");
    JsonNode answer = service.client().get(path);
    spec.commandLine().getOut().print(output.text(answer, () -> table(answer)));
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** One table for each cache of an answer, which is about one cache or about all. */
  static String table(JsonNode answer) {
    Iterable<JsonNode> caches = answer.has("caches") ? answer.path("caches") : List.of(answer);
    StringBuilder text = new StringBuilder();
    for (JsonNode each : caches) {
      text.append(text.isEmpty() ? "" : System.lineSeparator());
      append(text, each);
    }
    return text.toString();
  }

  private static void append(StringBuilder text, JsonNode cache) {
    String name = cache.path("cache").asText();
    if (cache.path("keys").isEmpty()) {
      line(text, name + ": nobody has reported reads yet; docs/heat.md says how they are measured");
      return;
    }
    int width = "key".length();
    for (JsonNode key : cache.path("keys")) {
      width = Math.max(width, shown(key.path("key").asText()).length());
    }
    append(text, cache, width);
  }

  private static void append(StringBuilder text, JsonNode cache, int width) {
    String name = cache.path("cache").asText();
    line(
        text,
        format(
            "%s, as of %s, half-life %,.0f s",
            name, cache.path("asOf").asText(), cache.path("halfLifeSeconds").asDouble()));
    line(
        text,
        padded("key", width)
            + format(
                COLUMNS, "reads/s (error)", "writes/s", "reads/write", "load", "size", "advice"));
    cache
        .path("keys")
        .forEach(key -> line(text, padded(shown(key.path("key").asText()), width) + row(key)));
  }

  private static String padded(String key, int width) {
    return "  " + key + " ".repeat(Math.max(0, width - key.length()));
  }

  private static String row(JsonNode key) {
    double reads = key.path("readsPerSecond").asDouble();
    double error = key.path("errorPerSecond").asDouble();
    double writes = key.path("writesPerSecond").asDouble();
    String rate = number(reads) + (number(error).equals("0") ? "" : " (-" + number(error) + ")");
    return format(
        COLUMNS,
        rate,
        number(writes),
        writes > 0 ? number(reads / writes) : "-",
        key.path("loadMicros").isNumber() ? duration(key.path("loadMicros").asDouble()) : "-",
        key.path("bytes").isNumber() ? size(key.path("bytes").asDouble()) : "-",
        key.path("churning").asBoolean()
            ? format(
                "do not cache: at most %.0f %% hits", 100 * key.path("bestHitRatio").asDouble())
            : "");
  }

  /** Keys come from outside: nothing of them may move a terminal's cursor, or the columns. */
  private static String shown(String key) {
    String plain = key.replaceAll("\\p{Cntrl}", "?");
    return plain.length() <= WIDEST_KEY ? plain : plain.substring(0, WIDEST_KEY - 1) + "…";
  }

  /** Three figures, or whole numbers: more would be more exact than the error. */
  private static String number(double value) {
    if (value < 0.0005) {
      return "0";
    }
    return String.format(
        Locale.ROOT,
        value < 0.1 ? "%.3f" : value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%,.0f",
        value);
  }

  private static String duration(double micros) {
    return micros < 1_000
        ? format("%.0f us", micros)
        : micros < 1e6 ? format("%.1f ms", micros / 1e3) : format("%.1f s", micros / 1e6);
  }

  private static String size(double bytes) {
    return bytes < 1_000
        ? format("%.0f B", bytes)
        : bytes < 1e6 ? format("%.1f kB", bytes / 1e3) : format("%.1f MB", bytes / 1e6);
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private static void line(StringBuilder text, String line) {
    text.append(line.stripTrailing()).append(System.lineSeparator());
  }
}
