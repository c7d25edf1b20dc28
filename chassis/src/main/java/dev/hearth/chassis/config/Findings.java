package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects the problems of one document, the first of each path, and remembers where each value
 * came from. Used by one thread.
 */
final class Findings {

  private record Finding(String anchor, Problem problem) {}

  private final Map<String, Finding> byPath = new LinkedHashMap<>();
  private final Map<String, String> interpolated = new HashMap<>();
  private final Map<String, String> overlaid = new HashMap<>();

  /** The value at {@code path} was made from {@code template}, such as {@code ${env:TTL}}. */
  void interpolated(String path, String template) {
    interpolated.put(path, template);
  }

  /** The value at {@code path} came from {@code source}, such as {@code HEARTH_HTTP_PORT}. */
  void overlaid(String path, String source) {
    overlaid.put(path, source);
  }

  boolean isOverlaid(String path) {
    return overlaid.containsKey(path);
  }

  /** Whether the value at {@code path} came as text from outside the file's own syntax. */
  boolean cameAsText(String path) {
    return overlaid.containsKey(path) || interpolated.containsKey(path);
  }

  /** Whether something is wrong at {@code path} already. */
  boolean has(String path) {
    return byPath.containsKey(path);
  }

  void add(String path, String message) {
    add(path, path, message);
  }

  /**
   * @param anchor the path that the document has, which gives the place in the order
   */
  void add(String anchor, String path, String message) {
    byPath.putIfAbsent(path, new Finding(anchor, new Problem(path, message)));
  }

  /** How a message calls a found value: with its origin, and never with a secret. */
  String found(String path, JsonNode schema, String quoted) {
    String source = overlaid.get(path);
    if (schema.path("writeOnly").asBoolean()) {
      return source == null ? "the value" : "the value of " + source;
    }
    String template = interpolated.get(path);
    if (template != null) {
      return "the value of " + template;
    }
    return source == null ? quoted : quoted + " (from " + source + ")";
  }

  boolean isEmpty() {
    return byPath.isEmpty();
  }

  /** Every problem, in the order of {@code document}. */
  List<Problem> inOrderOf(JsonNode document) {
    Map<String, Integer> places = new HashMap<>();
    number("", document, places);
    return byPath.values().stream()
        .sorted(Comparator.comparingInt(finding -> place(finding.anchor(), places)))
        .map(Finding::problem)
        .toList();
  }

  private static void number(String path, JsonNode node, Map<String, Integer> places) {
    places.put(path, places.size());
    if (node.isObject()) {
      node.properties()
          .forEach(e -> number(ConfigSchema.childPath(path, e.getKey()), e.getValue(), places));
    }
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      number(ConfigSchema.itemPath(path, i), node.get(i), places);
    }
  }

  private static int place(String anchor, Map<String, Integer> places) {
    Integer place = places.get(anchor);
    return place == null ? Integer.MAX_VALUE : place;
  }
}
