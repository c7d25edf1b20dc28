package dev.hearth.chassis.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonMetaSchema;
import com.networknt.schema.JsonNodePath;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.NonValidationKeyword;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;

/**
 * The JSON schema of the configuration: types, required and known keys, and the words in which they
 * are explained. Two keywords of our own: {@code x-expected} ends a message ("expected …"), {@code
 * x-default} describes a default that is no constant. {@code title} is a noun with its article,
 * {@code writeOnly} marks a secret. There is no {@code $ref}, so that a walk stays a walk.
 */
final class ConfigSchema {

  private static final String RESOURCE = "/dev/hearth/chassis/hearth.schema.json";

  private final String text;
  private final JsonNode root;
  private final JsonSchema validator;

  private ConfigSchema(String text) throws JsonProcessingException {
    this.text = text;
    this.root = new ObjectMapper().readTree(text);
    JsonMetaSchema dialect =
        JsonMetaSchema.builder(JsonMetaSchema.getV202012())
            .keyword(new NonValidationKeyword("x-expected"))
            .keyword(new NonValidationKeyword("x-default"))
            .build();
    this.validator =
        JsonSchemaFactory.getInstance(
                SpecVersion.VersionFlag.V202012, factory -> factory.metaSchema(dialect))
            .getSchema(root, SchemaValidatorsConfig.builder().build());
  }

  static ConfigSchema load() {
    try (InputStream in = ConfigSchema.class.getResourceAsStream(RESOURCE)) {
      return new ConfigSchema(
          new String(Objects.requireNonNull(in, RESOURCE).readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException failure) {
      throw new UncheckedIOException(RESOURCE, failure);
    }
  }

  String text() {
    return text;
  }

  JsonNode root() {
    return root;
  }

  /** Whether a schema allows a type, such as {@code "array"}. */
  static boolean allows(JsonNode schema, String type) {
    JsonNode types = schema.path("type");
    if (types.isTextual()) {
      return types.textValue().equals(type);
    }
    for (JsonNode each : types) {
      if (each.textValue().equals(type)) {
        return true;
      }
    }
    return false;
  }

  /** The schema of an object's key; missing where the key is unknown. */
  static JsonNode child(JsonNode schema, String key) {
    JsonNode named = schema.path("properties").path(key);
    return named.isMissingNode() && schema.path("additionalProperties").isObject()
        ? schema.path("additionalProperties")
        : named;
  }

  static List<String> names(JsonNode schema) {
    List<String> names = new ArrayList<>();
    schema.path("properties").fieldNames().forEachRemaining(names::add);
    return names;
  }

  static String childPath(String parent, String key) {
    return parent.isEmpty() ? key : parent + "." + key;
  }

  static String itemPath(String parent, int index) {
    return parent + "[" + index + "]";
  }

  /** Adds what is wrong with the shape of {@code document}. */
  void validate(ObjectNode document, Findings findings) {
    for (ValidationMessage message : validator.validate(document)) {
      report(message, findings);
    }
  }

  private void report(ValidationMessage message, Findings findings) {
    JsonNodePath location = message.getInstanceLocation();
    String path = "";
    JsonNode schema = root;
    for (int i = 0; i < location.getNameCount(); i++) {
      Object step = location.getElement(i);
      if (step instanceof Integer index) {
        path = itemPath(path, index);
        schema = schema.path("items");
      } else {
        path = childPath(path, step.toString());
        schema = child(schema, step.toString());
      }
    }
    JsonNode found = message.getInstanceNode();
    switch (message.getType()) {
      case "required" -> {
        JsonNode missing = child(schema, message.getProperty());
        findings.add(
            path,
            childPath(path, message.getProperty()),
            "missing; expected " + missing.path("x-expected").asText());
      }
      case "additionalProperties" ->
          findings.add(
              childPath(path, message.getProperty()),
              "unknown key" + Suggestion.clause(message.getProperty(), names(schema)));
      case "enum" -> {
        // A wrong type fails its enum as well, and says so better.
        if (found.isTextual()) {
          findings.add(path, notOneOf(path, schema, found.textValue(), findings));
        } else {
          findings.add(path, mismatch(path, schema, found, findings));
        }
      }
      case "if", "allOf" -> {
        // Reported by the keyword inside.
      }
      default -> findings.add(path, mismatch(path, schema, found, findings));
    }
  }

  private static String notOneOf(String path, JsonNode schema, String typed, Findings findings) {
    List<String> values = new ArrayList<>();
    schema.path("enum").forEach(value -> values.add(value.asText()));
    String choice = String.join(", ", values);
    return Suggestion.nearest(typed, values)
        .map(word -> "; did you mean '" + word + "'?")
        .map(
            hint ->
                findings.found(path, schema, '"' + typed + '"') + " is not one of " + choice + hint)
        .orElseGet(
            () ->
                findings.found(path, schema, '"' + typed + '"')
                    + " is not "
                    + schema.path("title").asText()
                    + "; expected one of "
                    + choice);
  }

  private static String mismatch(String path, JsonNode schema, JsonNode found, Findings findings) {
    String expected = "; expected " + expected(schema);
    if (isEmpty(found)) {
      return "empty" + expected;
    }
    return findings.found(path, schema, describe(found)) + " is not " + noun(schema) + expected;
  }

  private static String expected(JsonNode schema) {
    if (schema.has("enum")) {
      StringJoiner choice = new StringJoiner(", ");
      schema.path("enum").forEach(value -> choice.add(value.asText()));
      return "one of " + choice;
    }
    return schema.path("x-expected").asText();
  }

  static String noun(JsonNode schema) {
    return schema.path("title").asText("a section of keys");
  }

  private static boolean isEmpty(JsonNode found) {
    return found.isNull()
        || (found.isTextual() && found.textValue().isBlank())
        || (found.isContainerNode() && found.isEmpty());
  }

  private static String describe(JsonNode found) {
    if (found.isTextual()) {
      return '"' + Masking.address(found.textValue()) + '"';
    }
    if (found.isArray()) {
      return "a list";
    }
    return found.isObject() ? "a section of keys" : found.asText();
  }
}
