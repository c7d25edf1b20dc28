package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lays environment variables and flags over the document. Both are taken as they are, without
 * interpolation. A variable that matches no path is left alone: the command's flags use the prefix
 * too.
 */
final class Overlay {

  private static final String PREFIX = "HEARTH";

  private final JsonNode schema;
  private final Findings findings;

  Overlay(JsonNode schema, Findings findings) {
    this.schema = schema;
    this.findings = findings;
  }

  /** The variable of a path: {@code source.postgres.url} is HEARTH_SOURCE_POSTGRES_URL. */
  static String variable(String path) {
    return PREFIX
        + "_"
        + path.replaceAll("([a-z0-9])([A-Z])", "$1_$2")
            .replaceAll("[^A-Za-z0-9]+", "_")
            .toUpperCase(Locale.ROOT);
  }

  void environment(ObjectNode document, Map<String, String> environment) {
    visit("", schema, document, document, environment);
  }

  /**
   * Visits every path that the schema or the document names; {@code here} is null where the
   * document has no such section yet, and it is made when a variable asks for it.
   */
  private void visit(
      String path,
      JsonNode section,
      @Nullable JsonNode here,
      ObjectNode document,
      Map<String, String> environment) {
    for (String name : ConfigSchema.names(section)) {
      step(path, name, section, here, document, environment);
    }
    if (section.path("additionalProperties").isObject() && here instanceof ObjectNode map) {
      map.properties().stream()
          .map(Map.Entry::getKey)
          .toList()
          .forEach(name -> step(path, name, section, map, document, environment));
    }
  }

  private void step(
      String parent,
      String name,
      JsonNode section,
      @Nullable JsonNode here,
      ObjectNode document,
      Map<String, String> environment) {
    String path = ConfigSchema.childPath(parent, name);
    JsonNode child = ConfigSchema.child(section, name);
    if (ConfigSchema.allows(child, "object")) {
      visit(path, child, here == null ? null : here.get(name), document, environment);
      return;
    }
    String value = environment.get(variable(path));
    boolean isListOfSections = child.path("items").has("properties");
    if (value == null || value.isBlank() || isListOfSections) {
      return;
    }
    if (here instanceof ObjectNode object) {
      object.put(name, value);
    } else {
      put(document, parent.split("\\."), name, value);
    }
    findings.overlaid(path, variable(path));
  }

  void flags(ObjectNode document, Map<String, String> flags) {
    flags.forEach(
        (path, value) -> {
          String[] steps = path.split("\\.");
          // Names of Kafka properties have dots themselves.
          int depth = path.startsWith("kafka.properties.") ? 2 : steps.length - 1;
          String name = String.join(".", Arrays.asList(steps).subList(depth, steps.length));
          put(document, Arrays.copyOf(steps, depth), name, value);
          findings.overlaid(path, "the flag for " + path);
        });
  }

  private static void put(ObjectNode document, String[] sections, String name, String value) {
    ObjectNode at = document;
    for (String section : sections) {
      if (section.isEmpty()) {
        continue;
      }
      at = at.get(section) instanceof ObjectNode object ? object : at.putObject(section);
    }
    at.put(name, value);
  }
}
