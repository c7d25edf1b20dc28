package dev.hearth.chassis.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Finds keys that stand twice in one section. A tree keeps only the last of them, and the parser's
 * own strictness stops at the first, so this reads the text once more.
 */
final class DuplicateKeys {

  private final JsonParser parser;
  private final Findings findings;

  DuplicateKeys(JsonParser parser, Findings findings) {
    this.parser = parser;
    this.findings = findings;
  }

  void find() throws IOException {
    parser.nextToken();
    value("");
  }

  private void value(String path) throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      section(path);
    } else if (parser.currentToken() == JsonToken.START_ARRAY) {
      int index = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        value(ConfigSchema.itemPath(path, index++));
      }
    }
  }

  private void section(String path) throws IOException {
    Map<String, Integer> lines = new HashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String child = ConfigSchema.childPath(path, parser.currentName());
      int line = parser.currentTokenLocation().getLineNr();
      Integer first = lines.putIfAbsent(child, line);
      if (first != null) {
        String where = first == line ? "line " + line : "lines " + first + " and " + line;
        findings.add(child, "stands twice, on " + where + "; remove one");
      }
      parser.nextToken();
      value(child);
    }
  }
}
