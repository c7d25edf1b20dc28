package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@code POST /v1/warmups} takes: {@code {"cache": "product", "top": 1000}}. All that is wrong
 * is said at once.
 */
record WarmupRequestBody(String cache, int top) {
  static final int MOST_KEYS = 1_000_000;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private static final String EXAMPLE = "{\"cache\": \"product\", \"top\": 1000}";

  /**
   * Reads a body.
   *
   * @throws ProblemException 400 where it is no JSON object, 422 where it asks for the impossible
   */
  static WarmupRequestBody parse(String body, Collection<String> caches) {
    JsonNode node;
    try {
      node = JSON.readTree(body);
    } catch (JacksonException e) {
      throw new ProblemException(
          ProblemDetail.of(
              400,
              "Bad Request",
              "The body is no JSON.",
              new FieldError(
                  "body",
                  "cannot be read at line "
                      + e.getLocation().getLineNr()
                      + ", column "
                      + e.getLocation().getColumnNr()
                      + "; expected such as "
                      + EXAMPLE)));
    }
    if (!node.isObject()) {
      throw new ProblemException(
          ProblemDetail.of(
              400,
              "Bad Request",
              "The body is no JSON object.",
              new FieldError("body", "expected such as " + EXAMPLE)));
    }
    List<FieldError> errors = new ArrayList<>();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!Set.of("cache", "top").contains(name)) {
        errors.add(new FieldError(name, "is not known; expected cache and top"));
      }
    }
    JsonNode cache = node.path("cache");
    if (!cache.isTextual()) {
      errors.add(
          new FieldError(
              "cache",
              cache.isMissingNode()
                  ? "is missing; " + known(caches)
                  : "is no string; " + known(caches)));
    } else if (!caches.contains(cache.textValue())) {
      errors.add(
          new FieldError("cache", "\"" + cache.textValue() + "\" is not known; " + known(caches)));
    }
    JsonNode top = node.path("top");
    if (!top.isIntegralNumber() || !top.canConvertToInt() || !isSane(top.intValue())) {
      errors.add(
          new FieldError(
              "top",
              (top.isMissingNode() ? "is missing" : "is " + top)
                  + "; expected a whole number from 1 to "
                  + MOST_KEYS));
    }
    if (!errors.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              422,
              "Unprocessable Content",
              "The run cannot be made as asked; see errors.",
              errors.toArray(FieldError[]::new)));
    }
    return new WarmupRequestBody(cache.textValue(), top.intValue());
  }

  static boolean isSane(int top) {
    return top >= 1 && top <= MOST_KEYS;
  }

  static String known(Collection<String> caches) {
    return "expected one of " + String.join(", ", new TreeSet<>(caches));
  }
}
