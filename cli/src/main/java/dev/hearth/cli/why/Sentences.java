package dev.hearth.cli.why;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.StringJoiner;

/** The answer of {@code /v1/why} as text: one line for each event and for each store. */
public final class Sentences {
  private Sentences() {}

  /** Every line ends with a line break. */
  public static String of(JsonNode answer) {
    StringBuilder out = new StringBuilder();
    for (JsonNode story : answer.path("stories")) {
      String key = answer.path("key").asText() + " of cache " + story.path("cache").asText();
      for (JsonNode event : story.path("events")) {
        out.append(event.path("at").asText()).append(' ').append(event(key, event)).append('\n');
      }
      for (JsonNode entry : story.path("entries")) {
        out.append(answer.path("askedAt").asText())
            .append(' ')
            .append(entry.path("store").asText())
            .append(" holds for ")
            .append(key)
            .append(": ")
            .append(entry.path("sentence").asText());
        if (entry.has("stamp")) {
          out.append(", as of ").append(entry.path("stamp").asText()).append(" or newer");
          when(entry, "leaseAfter", ", lease after ", out);
          when(entry, "leaseBefore", ", lease before ", out);
        }
        out.append('\n');
      }
      story.path("notKnown").forEach(sentence -> out.append(sentence.asText()).append('\n'));
    }
    return out.toString();
  }

  private static void when(JsonNode entry, String field, String words, StringBuilder out) {
    if (entry.has(field)) {
      out.append(words).append(entry.path(field).asText());
    }
  }

  private static String event(String key, JsonNode event) {
    String what =
        switch (event.path("kind").asText()) {
          case "invalidation" ->
              "transaction %s changed row %s of %s, %s invalidated %s as of %s"
                  .formatted(
                      event.path("transaction").asText(),
                      event.path("row").asText(),
                      event.path("table").asText(),
                      event.path("rule").asText(),
                      key,
                      event.path("position").asText());
          case "generation" ->
              "a new generation voided the whole cache, as of "
                  + event.path("position").asText()
                  + ": "
                  + event.path("reason").asText();
          case "epoch" ->
              "a new epoch voided everything from the source, as of "
                  + event.path("position").asText()
                  + ": "
                  + event.path("reason").asText();
          default -> "a record could not be read: " + event.path("reason").asText();
        };
    StringJoiner stores = new StringJoiner("; ", "; ", "").setEmptyValue("");
    for (JsonNode store : event.path("stores")) {
      stores.add(
          store.path("store").asText()
              + ": "
              + store.path("sentence").asText()
              + (store.has("at")
                  ? ", "
                      + store.path("at").asText()
                      + ", "
                      + Moment.lag(store.path("lagMillis").asDouble())
                  : "")
              + (store.has("againAt") ? ", again " + store.path("againAt").asText() : ""));
    }
    return what + stores;
  }
}
