package dev.hearth.chassis.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.Map;

/** Prints an effective configuration as YAML that may be shown. */
final class EffectiveYaml {

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .enable(YAMLGenerator.Feature.INDENT_ARRAYS)
          .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
          .build();

  private EffectiveYaml() {}

  static String render(JsonNode effective) {
    JsonNode shown = effective.deepCopy();
    mask(shown, ConfigSchema.load().root());
    try {
      return YAML.writeValueAsString(shown);
    } catch (JsonProcessingException failure) {
      throw new IllegalStateException("a tree that cannot be written", failure);
    }
  }

  private static void mask(JsonNode node, JsonNode schema) {
    if (node instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> entry : object.properties()) {
        JsonNode child = ConfigSchema.child(schema, entry.getKey());
        boolean isProperty = !schema.has("properties") && !child.has("properties");
        boolean secret =
            child.path("writeOnly").asBoolean()
                || (isProperty && Masking.isSecretName(entry.getKey()));
        entry.setValue(secret ? TextNode.valueOf(Secret.MASK) : shown(entry.getValue(), child));
      }
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        array.set(i, shown(array.get(i), schema.path("items")));
      }
    }
  }

  private static JsonNode shown(JsonNode node, JsonNode schema) {
    if (node.isTextual() && node.textValue().contains("://")) {
      return TextNode.valueOf(Masking.address(node.textValue()));
    }
    mask(node, schema);
    return node;
  }
}
