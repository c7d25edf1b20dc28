package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.StartupException;
import dev.hearth.cli.demo.Screen;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Asks a running service for a warm-up run. */
@Command(
    name = "warm",
    description = "Fills the hottest keys of a cache from the database.",
    mixinStandardHelpOptions = true)
final class WarmCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration REQUEST_BOUND = Duration.ofSeconds(30);
  private static final int BAR = 30;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "${env:HEARTH_URL:-http://127.0.0.1:8080}",
      description = "Where a service with the warm role answers; default: ${DEFAULT-VALUE}.")
  private URI url = URI.create("http://127.0.0.1:8080");

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:HEARTH_TOKEN}",
      description = "Bearer token, where the service wants one; better as HEARTH_TOKEN.")
  private @Nullable String token;

  @Option(names = "--cache", paramLabel = "NAME", required = true, description = "Which cache.")
  private String cache = "";

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How many of the hottest keys; default: ${DEFAULT-VALUE}.")
  private int top = 1000;

  @Option(names = "--wait", description = "Waits for the end, with progress.")
  private boolean wait;

  @Option(
      names = "--budget",
      paramLabel = "DURATION",
      converter = DemoCommand.DurationText.class,
      defaultValue = "10m",
      description = "Longest wait; exit status 3 when it is over; default: ${DEFAULT-VALUE}.")
  private Duration budget = Duration.ofMinutes(10);

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "${COMPLETION-CANDIDATES}; default: table.")
  private OutputFormat output = OutputFormat.TABLE;

  @Override
  public Integer call() throws InterruptedException, IOException {
    Logging.off();
    HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    JsonNode run =
        send(
            client,
            request("/v1/warmups")
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        JSON.writeValueAsString(Map.of("cache", cache, "top", top)))));
    String id = run.path("id").asText();
    Screen screen =
        new Screen(
            output == OutputFormat.JSON ? System.err : System.out,
            System.console() != null && System.getenv("NO_COLOR") == null);
    long deadline = System.nanoTime() + budget.toNanos();
    while (wait && !ended(run)) {
      if (System.nanoTime() > deadline) {
        screen.say(
            "Run "
                + id
                + " is not over after "
                + budget.toSeconds()
                + " s; it goes on. Look again:"
                + " curl "
                + url.resolve("/v1/warmups/" + id));
        return Hearth.NOT_REACHED;
      }
      screen.status(progress(run));
      TimeUnit.MILLISECONDS.sleep(200);
      run = send(client, request("/v1/warmups/" + id).GET());
    }
    screen.endLine();
    if (output == OutputFormat.JSON) {
      System.out.println(run);
    } else {
      screen.say(wait ? progress(run) : "Run " + id + " is " + run.path("state").asText() + ".");
    }
    boolean failed = wait && !"done".equals(run.path("state").asText());
    if (failed) {
      spec.commandLine()
          .getErr()
          .println(
              "Run "
                  + id
                  + " ended as "
                  + run.path("state").asText()
                  + ": "
                  + run.path("problem").asText("no reason was given"));
    }
    return failed ? Hearth.FAILED : 0;
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(url.resolve(path)).timeout(REQUEST_BOUND);
    if (token != null && !token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return request;
  }

  private JsonNode send(HttpClient client, HttpRequest.Builder request)
      throws InterruptedException {
    try {
      HttpResponse<String> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      JsonNode body = JSON.readTree(answer.body());
      if (answer.statusCode() >= 400) {
        throw new StartupException(problem(body), answer.statusCode() < 500 ? 2 : 1);
      }
      return body;
    } catch (IOException e) {
      throw new StartupException(
          "No service answers at "
              + url
              + " ("
              + e.getClass().getSimpleName()
              + "); start one with: hearth run --role warm, or name it with --url",
          1,
          e);
    }
  }

  private static String problem(JsonNode body) {
    StringBuilder sentence =
        new StringBuilder(body.path("detail").asText(body.path("title").asText("refused")));
    body.path("errors")
        .forEach(
            error ->
                sentence
                    .append("\n  ")
                    .append(error.path("field").asText())
                    .append(": ")
                    .append(error.path("hint").asText()));
    return sentence.toString();
  }

  private static boolean ended(JsonNode run) {
    return switch (run.path("state").asText()) {
      case "done", "failed", "cancelled" -> true;
      default -> false;
    };
  }

  private static String progress(JsonNode run) {
    JsonNode at = run.path("progress");
    int planned = at.path("planned").asInt();
    int done = at.path("done").asInt();
    int filled = planned == 0 ? 0 : (int) ((long) BAR * done / planned);
    return String.format(
        Locale.ROOT,
        "[%s%s] %,d of %,d  stored %,d  already warm %,d  overtaken %,d  busy %,d  absent %,d  failed %,d  %s",
        "#".repeat(filled),
        "-".repeat(BAR - filled),
        done,
        planned,
        at.path("stored").asInt(),
        at.path("alreadyWarm").asInt(),
        at.path("leaseLost").asInt(),
        at.path("busy").asInt(),
        at.path("absent").asInt(),
        at.path("failed").asInt(),
        run.path("state").asText());
  }
}
