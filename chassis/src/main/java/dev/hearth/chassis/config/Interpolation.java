package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.commons.text.StringSubstitutor;
import org.jspecify.annotations.Nullable;

/**
 * Replaces ${env:NAME} and ${file:/path} in the document's text; a doubled dollar sign before the
 * brace keeps the characters. What comes in is not looked at again. A file's last line end is left
 * out.
 */
final class Interpolation {

  private final Map<String, String> environment;
  private final Findings findings;

  Interpolation(Map<String, String> environment, Findings findings) {
    this.environment = environment;
    this.findings = findings;
  }

  void apply(ObjectNode document) {
    visit("", document);
  }

  private JsonNode visit(String path, JsonNode node) {
    if (node instanceof ObjectNode object) {
      object
          .properties()
          .forEach(e -> e.setValue(visit(ConfigSchema.childPath(path, e.getKey()), e.getValue())));
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        array.set(i, visit(ConfigSchema.itemPath(path, i), array.get(i)));
      }
    } else if (node.isTextual() && node.textValue().contains("${") && !findings.isOverlaid(path)) {
      return TextNode.valueOf(replace(path, node.textValue()));
    }
    return node;
  }

  private String replace(String path, String template) {
    StringSubstitutor substitutor =
        new StringSubstitutor(name -> value(path, name))
            .setDisableSubstitutionInValues(true)
            .setEnableSubstitutionInVariables(false)
            .setValueDelimiterMatcher(null);
    String replaced = substitutor.replace(template);
    if (!replaced.equals(template) && !replaced.equals(template.replace("$${", "${"))) {
      findings.interpolated(path, template);
    }
    return replaced;
  }

  private @Nullable String value(String path, String name) {
    if (name.startsWith("env:")) {
      String variable = name.substring("env:".length());
      String value = environment.get(variable);
      if (value == null) {
        findings.add(
            path,
            "the environment variable " + variable + " is not set; set it or write the value");
      }
      return value;
    }
    if (name.startsWith("file:")) {
      return file(path, name.substring("file:".length()));
    }
    findings.add(
        path,
        "${"
            + name
            + "} is not known; expected ${env:NAME} or ${file:/path}, or $${ for the characters");
    return null;
  }

  private @Nullable String file(String path, String file) {
    try {
      return Files.readString(Path.of(file)).replaceFirst("\\R\\z", "");
    } catch (NoSuchFileException failure) {
      findings.add(path, "the file " + file + " does not exist; create it or write the value");
    } catch (AccessDeniedException failure) {
      findings.add(path, "the file " + file + " may not be read by this user; grant it");
    } catch (MalformedInputException failure) {
      findings.add(path, "the file " + file + " is not text in UTF-8; store it as such");
    } catch (IOException | InvalidPathException failure) {
      findings.add(
          path, "the file " + file + " cannot be read; expected a readable file of text in UTF-8");
    }
    return null;
  }
}
