package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hearth.cli.demo.Screen;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Asks a running service for a warm-up run. */
@Command(
    name = "warm",
    description = "Fills the hottest keys of a cache from the database.",
    mixinStandardHelpOptions = true)
final class WarmCommand implements Callable<Integer> {
  private static final int BAR = 30;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ServiceOptions service = new ServiceOptions();

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

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException {
    Logging.off();
    ServiceClient client = service.client();
    JsonNode run = client.post("/v1/warmups", Map.of("cache", cache, "top", top));
    String id = run.path("id").asText();
    Screen screen = output.screen();
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
                + client.resolve("/v1/warmups/" + id));
        return Hearth.NOT_REACHED;
      }
      screen.status(progress(run));
      TimeUnit.MILLISECONDS.sleep(200);
      run = client.get("/v1/warmups/" + id);
    }
    screen.endLine();
    JsonNode last = run;
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(last, () -> result(last)));
    out.flush();
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

  private String result(JsonNode run) {
    String state = run.path("state").asText();
    if (!wait) {
      return "Run " + run.path("id").asText() + " is " + state + ".\n";
    }
    boolean nothing = state.equals("done") && run.path("progress").path("planned").asInt() == 0;
    return progress(run)
        + "\n"
        + (nothing
            ? "No hot keys of cache "
                + cache
                + " are known: a client that reports its reads makes them known.\n"
            : "");
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
