package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRequest.Budget;
import dev.hearth.schemas.warmup.WarmupRequest.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.DoublePredicate;

/**
 * What {@code POST /v1/warmups} takes: {@code {"cache": "product", "top": 1000}}, and if wanted
 * {@code "by": "weight"}, {@code "budget": {"keys": 500, "bytes": 1000000, "timeSeconds": 60,
 * "databaseShare": 0.25}}, {@code "until": 0.9}, {@code "dryRun": true}. All that is wrong is said
 * at once.
 */
record WarmupRequestBody(WarmupRequest request, boolean dryRun) {
  static final int MOST_KEYS = 1_000_000;
  private static final double LONGEST_SECONDS = Duration.ofDays(1).toSeconds();

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
    JsonNode node = object(body);
    List<FieldError> errors = new ArrayList<>();
    requireKnown(
        node,
        "",
        Set.of("cache", "top", "by", "budget", "until", "dryRun"),
        "cache and top",
        errors);
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
    Order by = order(node.path("by"), errors);
    Budget budget = budget(node.path("budget"), errors);
    Optional<Double> until =
        number(node.path("until"), "until", value -> value > 0 && value <= 1, SHARE, errors);
    JsonNode dryRun = node.path("dryRun");
    if (!dryRun.isMissingNode() && !dryRun.isBoolean()) {
      errors.add(new FieldError("dryRun", "is " + dryRun + "; expected true or false"));
    }
    if (!errors.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              422,
              "Unprocessable Content",
              "The run cannot be made as asked; see errors.",
              errors.toArray(FieldError[]::new)));
    }
    return new WarmupRequestBody(
        new WarmupRequest(cache.textValue(), top.intValue(), by, budget, until, "http"),
        dryRun.asBoolean());
  }

  private static final String SHARE = "a number above 0, up to 1";

  private static JsonNode object(String body) {
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
    return node;
  }

  private static void requireKnown(
      JsonNode node, String path, Set<String> names, String expected, List<FieldError> errors) {
    for (Iterator<String> found = node.fieldNames(); found.hasNext(); ) {
      String name = found.next();
      if (!names.contains(name)) {
        errors.add(
            new FieldError(
                path + name,
                "is not known; expected "
                    + expected
                    + (path.isEmpty() ? ", and if wanted by, budget, until, dryRun" : "")));
      }
    }
  }

  private static Order order(JsonNode by, List<FieldError> errors) {
    if (by.isMissingNode() || (by.isTextual() && by.textValue().equals("reads"))) {
      return Order.READS;
    }
    if (!by.isTextual() || !by.textValue().equals(Order.WEIGHT.name().toLowerCase(Locale.ROOT))) {
      errors.add(new FieldError("by", "is " + by + "; expected reads or weight"));
    }
    return Order.WEIGHT;
  }

  private static Budget budget(JsonNode node, List<FieldError> errors) {
    if (node.isMissingNode()) {
      return Budget.NONE;
    }
    String expected = "keys, bytes, timeSeconds, databaseShare";
    if (!node.isObject()) {
      errors.add(new FieldError("budget", "is " + node + "; expected an object of " + expected));
      return Budget.NONE;
    }
    int before = errors.size();
    requireKnown(
        node, "budget.", Set.of("keys", "bytes", "timeSeconds", "databaseShare"), expected, errors);
    Optional<Double> keys =
        number(
            node.path("keys"),
            "budget.keys",
            value -> value >= 1 && value <= MOST_KEYS && value == Math.rint(value),
            "a whole number from 1 to " + MOST_KEYS,
            errors);
    Optional<Double> bytes =
        number(
            node.path("bytes"),
            "budget.bytes",
            value -> value >= 1 && value <= 1e15 && value == Math.rint(value),
            "a whole number of bytes from 1",
            errors);
    Optional<Double> seconds =
        number(
            node.path("timeSeconds"),
            "budget.timeSeconds",
            value -> value >= 0.001 && value <= LONGEST_SECONDS,
            "seconds from 0.001 to " + Math.round(LONGEST_SECONDS),
            errors);
    Optional<Double> share =
        number(
            node.path("databaseShare"),
            "budget.databaseShare",
            value -> value > 0 && value <= 1,
            SHARE,
            errors);
    return errors.size() > before
        ? Budget.NONE
        : new Budget(
            keys.map(Double::intValue),
            bytes.map(Double::longValue),
            seconds.map(value -> Duration.ofMillis(Math.round(value * 1_000))),
            share);
  }

  private static Optional<Double> number(
      JsonNode node,
      String field,
      DoublePredicate isSane,
      String expected,
      List<FieldError> errors) {
    if (node.isMissingNode()) {
      return Optional.empty();
    }
    if (!node.isNumber() || !isSane.test(node.doubleValue())) {
      errors.add(new FieldError(field, "is " + node + "; expected " + expected));
      return Optional.empty();
    }
    return Optional.of(node.doubleValue());
  }

  static boolean isSane(int top) {
    return top >= 1 && top <= MOST_KEYS;
  }

  static String known(Collection<String> caches) {
    return "expected one of " + String.join(", ", new TreeSet<>(caches));
  }
}
