package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.schemas.warmup.Pause;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code POST /v1/pauses} with {@code {"cache": "product", "reason": "..."}}, of all caches without
 * one; {@code DELETE /v1/pauses} and {@code /v1/pauses/{cache}}; {@code GET /v1/pauses}. Each
 * answers what is paused then.
 */
public final class PauseRoutes implements Routes {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PATH = "/v1/pauses";
  private static final int LONGEST_REASON = 500;

  private final PauseRequests requests;
  private final Set<String> caches;

  /**
   * The routes.
   *
   * @param caches names in the configuration
   */
  public PauseRoutes(PauseRequests requests, Set<String> caches) {
    this.requests = requests;
    this.caches = Set.copyOf(caches);
  }

  /** What is paused, for people. */
  public static String sentence(List<Pause> pauses) {
    return pauses.isEmpty()
        ? "none is paused"
        : pauses.stream()
            .map(
                pause ->
                    pause.cache().map(name -> "cache " + name).orElse("all caches")
                        + " paused since "
                        + pause.since()
                        + (pause.reason().isEmpty() ? "" : " (" + pause.reason() + ")"))
            .collect(Collectors.joining(", "));
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.get(PATH, this::answer);
    routes.post(PATH, this::pause);
    routes.delete(PATH, context -> resume(context, Optional.empty()));
    routes.delete(
        PATH + "/{cache}",
        context -> {
          String cache = context.pathParam("cache");
          if (!caches.contains(cache)) {
            throw new ProblemException(
                ProblemDetail.of(
                    404,
                    "Not Found",
                    "There is no cache \"" + cache + "\".",
                    new FieldError("cache", WarmupRequestBody.known(caches))));
          }
          resume(context, Optional.of(cache));
        });
  }

  private void pause(Context context) {
    JsonNode node = body(context);
    List<FieldError> errors = new ArrayList<>();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!Set.of("cache", "reason").contains(name)) {
        errors.add(new FieldError(name, "is not known; expected cache and reason"));
      }
    }
    JsonNode cache = node.path("cache");
    if (!cache.isMissingNode() && (!cache.isTextual() || !caches.contains(cache.textValue()))) {
      errors.add(
          new FieldError("cache", cache + " is not known; " + WarmupRequestBody.known(caches)));
    }
    JsonNode reason = node.path("reason");
    if (!reason.isMissingNode()
        && (!reason.isTextual() || reason.textValue().length() > LONGEST_REASON)) {
      errors.add(
          new FieldError("reason", "expected a text of at most " + LONGEST_REASON + " characters"));
    }
    if (!errors.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              422,
              "Unprocessable Content",
              "It cannot be paused as asked; see errors.",
              errors.toArray(FieldError[]::new)));
    }
    refuse(
        requests.pause(
            cache.isTextual() ? Optional.of(cache.textValue()) : Optional.empty(),
            reason.asText("")));
    answer(context);
  }

  private void resume(Context context, Optional<String> cache) {
    refuse(requests.resume(cache));
    answer(context);
  }

  private static void refuse(Optional<String> why) {
    why.ifPresent(
        sentence -> {
          throw new ProblemException(
              ProblemDetail.of(409, "Conflict", "Nothing was changed: " + sentence + "."));
        });
  }

  private void answer(Context context) {
    context.json(
        Map.of(
            "pauses",
            requests.all().stream()
                .map(
                    pause -> {
                      Map<String, Object> line = new LinkedHashMap<>();
                      pause.cache().ifPresent(name -> line.put("cache", name));
                      line.put("reason", pause.reason());
                      line.put("since", pause.since().toString());
                      return line;
                    })
                .toList()));
  }

  private static JsonNode body(Context context) {
    try {
      JsonNode node = JSON.readTree(context.body());
      if (node != null && node.isObject()) {
        return node;
      }
    } catch (JacksonException e) {
      // Said below.
    }
    throw new ProblemException(
        ProblemDetail.of(
            400,
            "Bad Request",
            "The body is no JSON object.",
            new FieldError(
                "body", "expected such as {\"cache\": \"product\", \"reason\": \"...\"}")));
  }
}
