package dev.hearth.warmer.trigger;

import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.State;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Runs and hot keys over HTTP; bodies are JSON, problems as RFC 9457 says them. */
public final class WarmupRoutes implements Routes {
  private static final int TOP_UNLESS_ASKED = 100;
  private static final int MOST_LISTENERS = 16;
  private static final Duration SILENCE = Duration.ofSeconds(10);

  private final WarmupRequests requests;
  private final Function<String, Optional<HotKeys>> hotKeys;
  private final Set<String> caches;
  private final WarmupEvents events;

  /**
   * The routes.
   *
   * @param hotKeys the latest of a cache, from memory
   * @param caches names in the configuration
   */
  public WarmupRoutes(
      WarmupRequests requests, Function<String, Optional<HotKeys>> hotKeys, Set<String> caches) {
    this(requests, hotKeys, caches, SILENCE);
  }

  /**
   * @param silence after which a listener hears that nothing has happened
   */
  WarmupRoutes(
      WarmupRequests requests,
      Function<String, Optional<HotKeys>> hotKeys,
      Set<String> caches,
      Duration silence) {
    this.requests = requests;
    this.hotKeys = hotKeys;
    this.caches = Set.copyOf(caches);
    this.events =
        new WarmupEvents(MOST_LISTENERS, silence, id -> requests.find(id).map(this::view));
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.post("/v1/warmups", this::request);
    routes.get(
        "/v1/warmups", context -> context.json(requests.all().stream().map(this::view).toList()));
    routes.get("/v1/warmups/{id}", context -> context.json(view(found(context))));
    routes.get("/v1/warmups/{id}/events", context -> events.serve(context, found(context).id()));
    routes.delete(
        "/v1/warmups/{id}", context -> turn(context, requests::cancel, State.CANCELLED, "cancel"));
    routes.post(
        "/v1/warmups/{id}/pause", context -> turn(context, requests::pause, State.PAUSED, "pause"));
    routes.post(
        "/v1/warmups/{id}/resume",
        context -> turn(context, requests::resume, State.QUEUED, "resume"));
    routes.get("/v1/hot-keys", this::hotKeys);
  }

  private void request(Context context) throws InterruptedException {
    WarmupRequestBody body = WarmupRequestBody.parse(context.body(), caches);
    if (body.dryRun()) {
      explain(context, body);
      return;
    }
    WarmupRequests.Answer answer = requests.request(body.request());
    if (answer instanceof WarmupRequests.Answer.Accepted accepted) {
      context
          .status(202)
          .header("Location", "/v1/warmups/" + accepted.run().id())
          .json(view(accepted.run()));
      return;
    }
    throw unavailable("No run was made: " + ((WarmupRequests.Answer.Refused) answer).sentence());
  }

  private void explain(Context context, WarmupRequestBody body) throws InterruptedException {
    WarmupRequests.Plan plan = requests.explain(body.request());
    if (plan instanceof WarmupRequests.Plan.Explained explained) {
      context.json(explained.plan());
      return;
    }
    throw unavailable("No plan was made: " + ((WarmupRequests.Plan.Unknown) plan).sentence());
  }

  private static ProblemException unavailable(String sentence) {
    return new ProblemException(ProblemDetail.of(503, "Service Unavailable", sentence + "."));
  }

  /** Where a run has ended otherwise, there is nothing to do. */
  private void turn(
      Context context, Function<String, Optional<WarmupRun>> action, State wanted, String verb) {
    String id = context.pathParam("id");
    WarmupRun run = action.apply(id).orElseThrow(() -> unknownRun(id));
    if (run.state().ended() && run.state() != wanted) {
      throw new ProblemException(
          ProblemDetail.of(
              409,
              "Conflict",
              "Run "
                  + id
                  + " has ended already, as "
                  + run.state().name().toLowerCase(Locale.ROOT)
                  + "; there is nothing to "
                  + verb
                  + "."));
    }
    context.json(view(run));
  }

  private WarmupRun found(Context context) {
    String id = context.pathParam("id");
    return requests.find(id).orElseThrow(() -> unknownRun(id));
  }

  private WarmupView view(WarmupRun run) {
    return WarmupView.of(run, run.startedAt().isPresent() ? requests.hitRatio(run) : null);
  }

  private void hotKeys(Context context) {
    String cache = context.queryParam("cache");
    if (cache == null) {
      int top = top(context);
      context.json(
          Map.of(
              "caches",
              caches.stream()
                  .sorted()
                  .map(each -> HotKeysAnswer.of(each, hotKeys.apply(each), top))
                  .toList()));
      return;
    }
    if (!caches.contains(cache)) {
      throw new ProblemException(
          ProblemDetail.of(
              404,
              "Not Found",
              "There is no cache \"" + cache + "\".",
              new FieldError("cache", WarmupRequestBody.known(caches))));
    }
    context.json(HotKeysAnswer.of(cache, hotKeys.apply(cache), top(context)));
  }

  private static int top(Context context) {
    String text = context.queryParam("top");
    if (text == null) {
      return TOP_UNLESS_ASKED;
    }
    try {
      int top = Integer.parseInt(text);
      if (WarmupRequestBody.isSane(top)) {
        return top;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new ProblemException(
        ProblemDetail.of(
            400,
            "Bad Request",
            "The number of keys is out of range.",
            new FieldError(
                "top",
                "is "
                    + text
                    + "; expected a whole number from 1 to "
                    + WarmupRequestBody.MOST_KEYS)));
  }

  private static ProblemException unknownRun(String id) {
    return new ProblemException(
        ProblemDetail.of(
            404,
            "Not Found",
            "There is no run \"" + id + "\"; runs that ended long ago are forgotten."));
  }
}
