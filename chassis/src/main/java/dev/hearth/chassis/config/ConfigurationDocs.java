package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Renders docs/configuration.md from the schema. */
public final class ConfigurationDocs {

  private static final String HEADER =
      """
      <!-- generated; do not edit: ./mvnw -pl chassis test -Dtest=ConfigurationDocsTest -Dhearth.docs.write=true -->

      # Configuration

      One YAML file. Flags win over the environment, the environment over the file, the file over defaults. A key that is unknown or stands twice is a problem; all
      problems are reported at once, exit status 2. `hearth validate --config hearth.yaml --effective` prints what is in force, secrets masked.

      `${env:NAME}` and `${file:/path}` in the file's text stand for a variable and for a file's content; `$${` stands for `${`. Values that come in are not looked at again.
      A list can be given by the environment with commas. Variables with a `<name>` exist for the names that the file has: letters in upper case, anything else an underscore.
      """;

  private ConfigurationDocs() {}

  /** The whole document. */
  public static String render() {
    StringBuilder out = new StringBuilder(HEADER);
    JsonNode root = ConfigSchema.load().root();
    section(out, "", "", root);
    return out.toString();
  }

  private static void section(
      StringBuilder out, String path, String variablePath, JsonNode schema) {
    List<Runnable> below = new ArrayList<>();
    StringBuilder rows = new StringBuilder();
    for (String name : ConfigSchema.names(schema)) {
      JsonNode child = ConfigSchema.child(schema, name);
      String childPath = ConfigSchema.childPath(path, name);
      String childVariable = variablePath.equals("-") ? "-" : variablePath + "_" + name;
      JsonNode entries = child.path("additionalProperties");
      if (child.has("properties")) {
        below.add(() -> section(out, childPath, childVariable, child));
      } else if (entries.has("properties")) {
        String entryPath = childPath + ".<name>";
        below.add(
            () -> section(out, entryPath, childVariable + "_<NAME>", describedBy(entries, child)));
      } else if (child.path("items").has("properties")) {
        below.add(
            () -> section(out, childPath + "[]", "-", describedBy(child.path("items"), child)));
      } else {
        rows.append(row(name, child, isRequired(schema, name), childVariable));
      }
    }
    if (!rows.isEmpty()) {
      String title = path.isEmpty() ? "Top level" : "`" + path + "`";
      out.append("\n## ").append(title).append("\n\n");
      if (!path.isEmpty()) {
        out.append(schema.path("description").asText()).append("\n\n");
      }
      out.append("| Key | Type | Default | Meaning | Environment |\n|---|---|---|---|---|\n");
      out.append(rows);
    }
    below.forEach(Runnable::run);
  }

  /** An entry's schema with the words of the map or list around it. */
  private static JsonNode describedBy(JsonNode entry, JsonNode around) {
    ObjectNode copy = entry.deepCopy();
    copy.set("description", around.get("description"));
    return copy;
  }

  private static String row(String name, JsonNode schema, boolean required, String variable) {
    return "| `%s` | %s | %s | %s | %s |\n"
        .formatted(
            name,
            cell(type(schema)),
            cell(byDefault(schema, required)),
            cell(schema.path("description").asText()),
            variable.equals("-")
                ? ""
                : "`" + variableName(variable) + (isMap(schema) ? "_<NAME>`" : "`"));
  }

  private static String variableName(String variable) {
    return Overlay.variable(variable.substring(1).replace("<NAME>", "NAME"))
        .replace("_NAME_", "_<NAME>_");
  }

  private static String type(JsonNode schema) {
    if (schema.has("enum")) {
      return StreamSupport.stream(schema.path("enum").spliterator(), false)
          .map(value -> "`" + value.asText() + "`")
          .collect(Collectors.joining(", "));
    }
    String noun = ConfigSchema.noun(schema).replaceFirst("^an? ", "");
    if (ConfigSchema.allows(schema, "array")) {
      String item = schema.path("items").path("title").asText().replaceFirst("^an? ", "");
      return ConfigSchema.allows(schema, "string") ? item + ", or a list" : "list: " + item;
    }
    return schema.path("writeOnly").asBoolean() ? "secret" : noun;
  }

  private static String byDefault(JsonNode schema, boolean required) {
    if (required) {
      return "required";
    }
    if (schema.has("x-default")) {
      return schema.path("x-default").asText();
    }
    JsonNode value = schema.path("default");
    if (value.isMissingNode()) {
      return "none";
    }
    return value.isContainerNode() ? "empty" : "`" + value.asText() + "`";
  }

  private static boolean isRequired(JsonNode schema, String name) {
    return StreamSupport.stream(schema.path("required").spliterator(), false)
        .anyMatch(required -> required.asText().equals(name));
  }

  private static boolean isMap(JsonNode schema) {
    return schema.path("additionalProperties").isObject();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }
}
