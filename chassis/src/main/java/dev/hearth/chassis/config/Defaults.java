package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.regex.Pattern;

/** Completes the document by the schema: text becomes what the schema asks for, gaps are filled. */
final class Defaults {

  private static final Pattern WHOLE = Pattern.compile("-?[0-9]{1,9}");

  private Defaults() {}

  /** Variables, flags and interpolation give text; a number or a list may be meant. */
  static void coerce(String path, JsonNode schema, JsonNode node, Findings findings) {
    if (node instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> entry : object.properties()) {
        String child = ConfigSchema.childPath(path, entry.getKey());
        JsonNode childSchema = ConfigSchema.child(schema, entry.getKey());
        if (entry.getValue().isTextual() && findings.cameAsText(child)) {
          entry.setValue(read(entry.getValue(), childSchema, object.arrayNode()));
        } else {
          coerce(child, childSchema, entry.getValue(), findings);
        }
      }
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        coerce(ConfigSchema.itemPath(path, i), schema.path("items"), array.get(i), findings);
      }
    }
  }

  private static JsonNode read(JsonNode text, JsonNode schema, ArrayNode list) {
    String value = text.textValue();
    if (ConfigSchema.allows(schema, "integer") && WHOLE.matcher(value).matches()) {
      return IntNode.valueOf(Integer.parseInt(value));
    }
    if (ConfigSchema.allows(schema, "boolean")
        && !ConfigSchema.allows(schema, "string")
        && (value.equals("true") || value.equals("false"))) {
      return BooleanNode.valueOf(value.equals("true"));
    }
    if (ConfigSchema.allows(schema, "array") && !ConfigSchema.allows(schema, "string")) {
      for (String item : value.split(",", -1)) {
        list.add(item.strip());
      }
      return list;
    }
    return text;
  }

  /** Fills in what the schema has a default for, and the three that are no constants. */
  static void fill(ObjectNode document, JsonNode schema) {
    fillSection(document, schema);
    if (!document.has("dataDirectory")) {
      document.put("dataDirectory", "~/.hearth");
    }
    if (document.path("source").path("postgres") instanceof ObjectNode postgres
        && !postgres.has("publication")
        && postgres.path("slot").isTextual()) {
      postgres.set("publication", postgres.get("slot"));
    }
    for (JsonNode store : document.path("stores")) {
      if (store instanceof ObjectNode object
          && object.path("type").asText().equals("hazelcast")
          && !object.has("clusterName")) {
        object.put("clusterName", "dev");
      }
    }
  }

  private static void fillSection(JsonNode node, JsonNode schema) {
    if (node instanceof ObjectNode object) {
      for (String name : ConfigSchema.names(schema)) {
        fillKey(object, name, ConfigSchema.child(schema, name));
        JsonNode value = object.remove(name);
        if (value != null) {
          // To the end: so the keys come to stand in the order of the schema.
          object.set(name, value);
        }
      }
      if (schema.path("additionalProperties").isObject()) {
        object.forEach(child -> fillSection(child, schema.path("additionalProperties")));
      }
    } else if (node instanceof ArrayNode array) {
      array.forEach(item -> fillSection(item, schema.path("items")));
    }
  }

  private static void fillKey(ObjectNode object, String name, JsonNode schema) {
    JsonNode present = object.get(name);
    if (present != null) {
      fillSection(present, schema);
    } else if (schema.has("default")) {
      object.set(name, schema.get("default").deepCopy());
    } else if (schema.has("properties") && !schema.has("required")) {
      ObjectNode section = object.objectNode();
      fillSection(section, schema);
      if (!section.isEmpty()) {
        object.set(name, section);
      }
    }
  }
}
