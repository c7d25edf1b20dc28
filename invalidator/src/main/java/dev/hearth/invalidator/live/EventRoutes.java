package dev.hearth.invalidator.live;

import dev.hearth.chassis.config.Suggestion;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.sse.SseClient;
import io.javalin.http.sse.SseHandler;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code GET /v1/events?cache=}: invalidations as server-sent events. A listener that reads too
 * slowly is told so, and sent away; nothing waits for it.
 */
public final class EventRoutes implements Routes {
  /** Tells a dead connection, and keeps a proxy from taking the silence for one. */
  private static final Duration SILENCE = Duration.ofSeconds(10);

  private static final Duration TURN = Duration.ofMillis(500);
  private static final String MEDIA_TYPE = "text/event-stream";

  private final LiveEvents events;
  private final Set<String> caches;

  public EventRoutes(LiveEvents events, Set<String> caches) {
    this.events = events;
    this.caches = Set.copyOf(caches);
  }

  @Override
  public void register(RoutesConfig routes) {
    SseHandler streaming = new SseHandler(this::follow);
    routes.get(
        "/v1/events",
        context -> {
          check(context);
          streaming.handle(context);
        });
  }

  private void check(Context context) {
    String cache = context.queryParam("cache");
    if (cache != null && !caches.contains(cache)) {
      throw new ProblemException(
          ProblemDetail.of(
              404,
              "Not Found",
              "There is no cache \"" + cache + "\".",
              new FieldError(
                  "cache", "there is no cache " + cache + Suggestion.clause(cache, caches))));
    }
    String accept = context.header("Accept");
    if (accept == null || !accept.contains(MEDIA_TYPE)) {
      throw new ProblemException(
          ProblemDetail.of(
              406,
              "Not Acceptable",
              "Events are streamed; ask with the header \"Accept: "
                  + MEDIA_TYPE
                  + "\", as in: curl -N -H 'Accept: "
                  + MEDIA_TYPE
                  + "' "
                  + context.fullUrl()));
    }
  }

  private void follow(SseClient client) {
    Optional<Listener> admitted =
        events.listen(Optional.ofNullable(client.ctx().queryParam("cache")));
    if (admitted.isEmpty()) {
      client.sendEvent(
          "refused",
          Map.of(
              "reason",
              "this service has "
                  + LiveEvents.MOST_LISTENERS
                  + " listeners already, or is stopping; ask another instance, or `hearth tail`"));
      client.close();
      return;
    }
    Listener listener = admitted.get();
    client.onClose(
        () -> {
          listener.end();
          events.leave(listener);
        });
    client.keepAlive();
    Thread sending = new Thread(() -> send(client, listener), "live-events-listener");
    sending.setDaemon(true);
    sending.start();
  }

  private void send(SseClient client, Listener listener) {
    try {
      long spoken = System.nanoTime();
      while (!client.terminated() && !listener.hasEnded()) {
        Optional<LiveEvent> next = listener.next(TURN);
        if (next.isPresent()) {
          client.sendEvent(next.get().kind(), next.get(), next.get().id());
          spoken = System.nanoTime();
        } else if (listener.isOverrun()) {
          client.sendEvent(
              "dropped",
              Map.of(
                  "reason",
                  "more than "
                      + LiveEvents.MOST_WAITING
                      + " events waited for this listener, and some were left out; read faster,"
                      + " ask for one cache, or follow the topic"));
          break;
        } else if (System.nanoTime() - spoken > SILENCE.toNanos()) {
          client.sendComment("nothing came");
          spoken = System.nanoTime();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      events.leave(listener);
      client.close();
    }
  }
}
