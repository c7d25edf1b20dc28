package dev.hearth.warmer.audit;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What {@code POST /v1/audits} takes: {@code {"cache": "product", "store": "redis", "sample": 0.01,
 * "forSeconds": 30}}, each of it if wanted; pure. All that is wrong is said at once.
 */
final class AuditRequestBody {
  private static final double USUAL_SHARE = 0.01;
  private static final String EXAMPLE = "{\"cache\": \"product\", \"sample\": 0.01}";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private AuditRequestBody() {}

  /**
   * Reads a body.
   *
   * @throws ProblemException 400 where it is no JSON object, 422 where it asks for the impossible
   */
  static AuditRequest parse(String body, List<AuditedCache> caches) {
    JsonNode node = object(body);
    List<FieldError> errors = new ArrayList<>();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!Set.of("cache", "store", "sample", "forSeconds").contains(name)) {
        errors.add(
            new FieldError(name, "is not known; expected cache, store, sample and forSeconds"));
      }
    }
    Optional<String> cache =
        named(node, "cache", caches.stream().map(AuditedCache::name).toList(), errors);
    Optional<String> store =
        named(
            node,
            "store",
            caches.stream().flatMap(each -> each.stores().stream()).toList(),
            errors);
    Optional<Double> sample = sample(node.path("sample"), errors);
    Optional<Duration> length = length(node.path("forSeconds"), errors);
    List<AuditedCache> asked =
        caches.stream()
            .filter(each -> cache.map(name -> name.equals(each.name())).orElse(true))
            .filter(each -> store.map(name -> each.stores().contains(name)).orElse(true))
            .toList();
    if (errors.isEmpty() && asked.stream().noneMatch(AuditedCache::comparable)) {
      errors.add(nothingToCompare(cache, store, asked, caches));
    }
    if (!errors.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              422,
              "Unprocessable Content",
              "The audit cannot be made as asked; see errors.",
              errors.toArray(FieldError[]::new)));
    }
    return new AuditRequest(
        asked.stream()
            .filter(AuditedCache::comparable)
            .flatMap(
                each ->
                    each.stores().stream()
                        .filter(in -> store.map(in::equals).orElse(true))
                        .map(in -> new AuditRequest.Target(each.name(), in, each.mode())))
            .toList(),
        sample.orElse(USUAL_SHARE),
        length,
        asked.stream().filter(each -> !each.comparable()).map(AuditedCache::name).toList());
  }

  private static JsonNode object(String body) {
    try {
      JsonNode node = JSON.readTree(body);
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
            new FieldError("body", "expected such as " + EXAMPLE + ", or {} for all caches")));
  }

  private static Optional<String> named(
      JsonNode node, String field, List<String> known, List<FieldError> errors) {
    JsonNode value = node.path(field);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (value.isTextual() && known.contains(value.textValue())) {
      return Optional.of(value.textValue());
    }
    errors.add(
        new FieldError(
            field,
            value + " is not known; expected one of " + String.join(", ", new TreeSet<>(known))));
    return Optional.empty();
  }

  private static Optional<Double> sample(JsonNode value, List<FieldError> errors) {
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (value.isNumber() && value.doubleValue() > 0 && value.doubleValue() <= 1) {
      return Optional.of(value.doubleValue());
    }
    errors.add(
        new FieldError(
            "sample",
            "is "
                + value
                + "; expected a share of the entries above 0, up to 1, such as 0.01 for 1 %"));
    return Optional.empty();
  }

  private static Optional<Duration> length(JsonNode value, List<FieldError> errors) {
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    long most = AuditRuns.LONGEST.toSeconds();
    if (value.isNumber() && value.doubleValue() >= 1 && value.doubleValue() <= most) {
      return Optional.of(Duration.ofMillis(Math.round(value.doubleValue() * 1_000)));
    }
    errors.add(
        new FieldError("forSeconds", "is " + value + "; expected seconds from 1 to " + most));
    return Optional.empty();
  }

  private static FieldError nothingToCompare(
      Optional<String> cache,
      Optional<String> store,
      List<AuditedCache> asked,
      List<AuditedCache> caches) {
    if (asked.isEmpty() && cache.isPresent() && store.isPresent()) {
      return new FieldError(
          "store",
          "\""
              + store.get()
              + "\" does not hold cache \""
              + cache.get()
              + "\"; it is in "
              + caches.stream()
                  .filter(each -> each.name().equals(cache.get()))
                  .flatMap(each -> each.stores().stream())
                  .collect(Collectors.joining(", ")));
    }
    String name = asked.stream().map(AuditedCache::name).findFirst().orElse("NAME");
    return new FieldError(
        "cache",
        cache.map(one -> "\"" + one + "\" has no").orElse("no cache has a")
            + " load query to compare entries with; add caches."
            + name
            + ".load");
  }
}
