package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hearth.cli.shop.demo.Screen;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Asks a running service for a warm-up run, or about one. */
@Command(
    name = "warm",
    description = {
      "Fills the hottest keys of a cache from the database.",
      "Exit status 3 where the target was not reached in time: the keys within --budget, or the"
          + " hit ratio of --until."
    },
    mixinStandardHelpOptions = true)
final class WarmCommand implements Callable<Integer> {
  private static final long TURN_MILLIS = 200;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ServiceOptions service = new ServiceOptions();

  @Option(names = "--cache", paramLabel = "NAME", description = "Which cache.")
  private @Nullable String cache;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How many of the hottest keys; default: ${DEFAULT-VALUE}.")
  private int top = 1000;

  @Option(
      names = "--by",
      paramLabel = "ORDER",
      defaultValue = "reads",
      description =
          "What comes first: reads, or weight (reads times load time: the database time that an"
              + " entry saves); default: ${DEFAULT-VALUE}.")
  private String by = "reads";

  @Option(
      names = "--budget",
      paramLabel = "DURATION",
      converter = DurationText.class,
      defaultValue = "10m",
      description =
          "Longest time of the run, and of --wait; default: ${DEFAULT-VALUE}. What is not warm by"
              + " then is left.")
  private Duration budget = Duration.ofMinutes(10);

  @Option(
      names = "--max-keys",
      paramLabel = "N",
      description = "Most keys to load; those that are warm already do not count.")
  private @Nullable Integer maxKeys;

  @Option(names = "--max-bytes", paramLabel = "N", description = "Most bytes of values to load.")
  private @Nullable Long maxBytes;

  @Option(
      names = "--rate",
      paramLabel = "auto|PERCENT",
      defaultValue = "auto",
      description =
          "auto follows the database's latency; 20%% also keeps the queries to that share of the"
              + " time of the warmer's connections; default: ${DEFAULT-VALUE}.")
  private String rate = "auto";

  @Option(
      names = "--until",
      paramLabel = "GOAL",
      description =
          "hit-ratio>=0.9: enough is warm once clients report that; with --wait, waits for it.")
  private @Nullable String until;

  @Option(
      names = "--dry-run",
      description = "Prints what would be warmed, and what not and why; warms nothing.")
  private boolean dryRun;

  @Option(names = "--wait", description = "Waits for the end, with progress.")
  private boolean wait;

  @Option(names = "--pause", paramLabel = "RUN", description = "Holds this run.")
  private @Nullable String pause;

  @Option(names = "--resume", paramLabel = "RUN", description = "Lets this run go on.")
  private @Nullable String resume;

  @Option(names = "--cancel", paramLabel = "RUN", description = "Ends this run.")
  private @Nullable String cancel;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException {
    Logging.off();
    requireOneTask();
    ServiceClient client = service.client();
    if (pause != null) {
      return turned(client.post(path(pause) + "/pause", Map.of()));
    }
    if (resume != null) {
      return turned(client.post(path(resume) + "/resume", Map.of()));
    }
    if (cancel != null) {
      return turned(client.delete(path(cancel)));
    }
    Optional<Double> goal = WarmOptions.goal(spec, until);
    JsonNode answer =
        client.post(
            "/v1/warmups",
            WarmOptions.body(
                String.valueOf(cache),
                top,
                by,
                WarmOptions.budget(
                    budget, maxKeys, maxBytes, WarmOptions.databaseShare(spec, rate)),
                goal,
                dryRun));
    if (dryRun) {
      print(output.text(answer, () -> WarmText.plan(answer)));
      return 0;
    }
    return wait ? follow(client, answer, goal) : asked(answer);
  }

  private void requireOneTask() {
    List<String> tasks =
        Stream.of(
                Optional.ofNullable(cache).map(name -> "--cache"),
                Optional.ofNullable(pause).map(run -> "--pause"),
                Optional.ofNullable(resume).map(run -> "--resume"),
                Optional.ofNullable(cancel).map(run -> "--cancel"))
            .flatMap(Optional::stream)
            .toList();
    if (tasks.size() != 1) {
      throw new ParameterException(
          spec.commandLine(),
          tasks.isEmpty()
              ? "Missing required option: '--cache=NAME', or --pause, --resume or --cancel with a"
                  + " run's id"
              : String.join(" and ", tasks) + " exclude each other; write one of them");
    }
  }

  private static String path(String run) {
    return "/v1/warmups/" + ServiceClient.encoded(run);
  }

  private int turned(JsonNode run) {
    print(
        output.text(
            run,
            () -> "Run " + run.path("id").asText() + " is " + run.path("state").asText() + ".\n"));
    return 0;
  }

  private int asked(JsonNode run) {
    return turned(run);
  }

  /** Until the run has ended and the goal, if there is one, is reached, or time is up. */
  private int follow(ServiceClient client, JsonNode asked, Optional<Double> goal)
      throws InterruptedException {
    String id = asked.path("id").asText();
    JsonNode run = asked;
    Screen screen = output.screen();
    long deadline = System.nanoTime() + budget.toNanos();
    while (!isOver(run, goal) && System.nanoTime() < deadline) {
      screen.status(WarmText.progress(run));
      TimeUnit.MILLISECONDS.sleep(TURN_MILLIS);
      run = client.get(path(id));
    }
    screen.endLine();
    JsonNode last = run;
    print(output.text(last, () -> WarmText.progress(last) + "\n"));
    return verdict(client, last, goal);
  }

  private static boolean isOver(JsonNode run, Optional<Double> goal) {
    String state = run.path("state").asText();
    return state.equals("failed")
        || state.equals("cancelled")
        || (state.equals("done") && goal.map(ratio -> WarmText.reaches(run, ratio)).orElse(true));
  }

  /** The exit status, and a sentence where it is not 0. */
  private int verdict(ServiceClient client, JsonNode run, Optional<Double> goal) {
    String id = run.path("id").asText();
    String state = run.path("state").asText();
    Optional<String> problem =
        Optional.of(run.path("problem").asText()).filter(text -> !text.isEmpty());
    if (state.equals("failed") || state.equals("cancelled")) {
      say("Run " + id + " ended as " + state + ": " + problem.orElse("no reason was given"));
      return Hearth.FAILED;
    }
    if (goal.isPresent()) {
      if (WarmText.reaches(run, goal.get())) {
        return 0;
      }
      say(WarmText.missed(run, goal.get(), budget));
      return Hearth.NOT_REACHED;
    }
    if (!state.equals("done")) {
      say(
          "Run "
              + id
              + " is "
              + state
              + ", not over after "
              + budget.toSeconds()
              + " s; look again: curl "
              + client.resolve(path(id)));
      return Hearth.NOT_REACHED;
    }
    problem.ifPresent(text -> say("Run " + id + ": " + text));
    JsonNode progress = run.path("progress");
    if (progress.path("planned").asInt() > 0
        && progress.path("failed").asInt() == progress.path("planned").asInt()) {
      return Hearth.FAILED;
    }
    return progress.path("done").asInt() < progress.path("planned").asInt()
        ? Hearth.NOT_REACHED
        : 0;
  }

  private void say(String sentence) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(sentence);
    err.flush();
  }

  private void print(String text) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(text);
    out.flush();
  }
}
