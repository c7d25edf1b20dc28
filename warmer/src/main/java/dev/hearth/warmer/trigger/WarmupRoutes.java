package dev.hearth.warmer.trigger;

import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Runs and hot keys over HTTP; bodies are JSON, problems as RFC 9457 says them. */
public final class WarmupRoutes implements Routes {
  private static final int TOP_UNLESS_ASKED = 100;

  private final WarmupRequests requests;
  private final Function<String, Optional<HotKeys>> hotKeys;
  private final Set<String> caches;

  /**
   * The routes.
   *
   * @param hotKeys the latest of a cache, from memory
   * @param caches names in the configuration
   */
  public WarmupRoutes(
      WarmupRequests requests, Function<String, Optional<HotKeys>> hotKeys, Set<String> caches) {
    this.requests = requests;
    this.hotKeys = hotKeys;
    this.caches = Set.copyOf(caches);
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.post("/v1/warmups", this::request);
    routes.get("/v1/warmups/{id}", this::show);
    routes.delete("/v1/warmups/{id}", this::cancel);
    routes.get("/v1/hot-keys", this::hotKeys);
  }

  private void request(Context context) {
    WarmupRequestBody body = WarmupRequestBody.parse(context.body(), caches);
    WarmupRequests.Answer answer =
        requests.request(WarmupRequest.hottest(body.cache(), body.top(), "http"));
    if (answer instanceof WarmupRequests.Answer.Accepted accepted) {
      context
          .status(202)
          .header("Location", "/v1/warmups/" + accepted.run().id())
          .json(WarmupView.of(accepted.run()));
      return;
    }
    String sentence = ((WarmupRequests.Answer.Refused) answer).sentence();
    throw new ProblemException(
        ProblemDetail.of(503, "Service Unavailable", "No run was made: " + sentence + "."));
  }

  private void show(Context context) {
    String id = context.pathParam("id");
    context.json(WarmupView.of(requests.find(id).orElseThrow(() -> unknownRun(id))));
  }

  private void cancel(Context context) {
    String id = context.pathParam("id");
    WarmupRun run = requests.cancel(id).orElseThrow(() -> unknownRun(id));
    if (run.state().ended() && run.state() != WarmupRun.State.CANCELLED) {
      throw new ProblemException(
          ProblemDetail.of(
              409,
              "Conflict",
              "Run "
                  + id
                  + " has ended already, as "
                  + run.state().name().toLowerCase(Locale.ROOT)
                  + "; there is nothing to cancel."));
    }
    context.json(WarmupView.of(run));
  }

  private void hotKeys(Context context) {
    String cache = context.queryParam("cache");
    if (cache == null) {
      throw new ProblemException(
          ProblemDetail.of(
              400,
              "Bad Request",
              "The cache is missing.",
              new FieldError("cache", WarmupRequestBody.known(caches))));
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
