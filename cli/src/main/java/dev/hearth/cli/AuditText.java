package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Audits as a person reads them, and what their exit status is; pure. */
final class AuditText {
  private AuditText() {}

  /** One line. */
  static String progress(JsonNode audit) {
    long suspected = 0;
    String at = "";
    for (JsonNode part : audit.path("parts")) {
      suspected += part.path("suspected").asLong();
      if (at.isEmpty() && !part.path("complete").asBoolean() && !part.has("problem")) {
        at = " cache " + part.path("cache").asText() + " in " + part.path("store").asText();
      }
    }
    return String.format(
        Locale.ROOT,
        "auditing%s: %,d entries compared, %,d stale%s",
        at,
        audit.path("checked").asLong(),
        audit.path("stale").asLong(),
        suspected == 0
            ? ""
            : String.format(Locale.ROOT, ", %,d differ and are watched", suspected));
  }

  /** What was found, part by part, the stale entries, and one sentence. */
  static String table(JsonNode audit) {
    int cache = "cache".length();
    int store = "store".length();
    for (JsonNode part : audit.path("parts")) {
      cache = Math.max(cache, part.path("cache").asText().length());
      store = Math.max(store, part.path("store").asText().length());
    }
    String row = "%-" + cache + "s  %-" + store + "s  %-7s %12s %10s %10s %12s";
    StringBuilder text = new StringBuilder();
    line(text, row, "cache", "store", "mode", "compared", "stale", "unsettled", "incomparable");
    for (JsonNode part : audit.path("parts")) {
      line(
          text,
          row,
          part.path("cache").asText(),
          part.path("store").asText(),
          part.path("mode").asText(),
          number(part, "checked"),
          number(part, "stale"),
          number(part, "unsettled"),
          number(part, "incomparable"));
    }
    for (JsonNode part : audit.path("parts")) {
      stale(text, part);
    }
    line(text, "%s", "");
    line(text, "%s", conclusion(audit));
    return text.toString();
  }

  private static void stale(StringBuilder text, JsonNode part) {
    String in = part.path("store").asText();
    for (JsonNode entry : part.path("staleEntries")) {
      line(text, "%s", "");
      line(
          text,
          "STALE %s in %s: %s",
          plain(entry.path("key").asText()),
          in,
          entry.path("evidence").asText());
    }
    long unnamed = part.path("stale").asLong() - part.path("staleEntries").size();
    if (unnamed > 0 && part.path("staleEntries").size() > 0 && part.path("passes").asInt() <= 1) {
      line(
          text, "and %s more of cache %s in %s", grouped(unnamed), part.path("cache").asText(), in);
    }
  }

  private static String conclusion(JsonNode audit) {
    String compared =
        String.format(
            Locale.ROOT,
            "%,d entries compared, of a sample of %s%%",
            audit.path("checked").asLong(),
            trimmed(100 * audit.path("sample").asDouble()));
    long stale = audit.path("stale").asLong();
    return stale == 0
        ? compared + ": none is stale."
        : compared + String.format(Locale.ROOT, ": %,d STALE.", stale);
  }

  /** What is not as it may seem, and what to do next; for stderr. */
  static List<String> remarks(JsonNode audit) {
    List<String> remarks = new ArrayList<>();
    String state = audit.path("state").asText();
    if (state.equals("running")) {
      remarks.add("The audit is not over; it goes on as " + audit.path("id").asText() + ".");
    } else if (state.equals("cancelled")) {
      remarks.add("The audit was cancelled; what it found until then is above.");
    }
    for (JsonNode part : audit.path("parts")) {
      remark(part, !state.equals("done"), remarks);
    }
    audit
        .path("leftOut")
        .forEach(
            name ->
                remarks.add(
                    "Cache "
                        + name.asText()
                        + " is left out: it has no load query to compare entries with; add caches."
                        + name.asText()
                        + ".load"));
    return remarks;
  }

  private static void remark(JsonNode part, boolean ended, List<String> remarks) {
    String cache = part.path("cache").asText();
    String where = "Cache " + cache + " in " + part.path("store").asText();
    if (part.has("problem")) {
      remarks.add(where + " could not be compared: " + part.path("problem").asText());
      return;
    }
    if (!ended && !part.path("complete").asBoolean()) {
      remarks.add(where + ": the time was over before all of the sample was compared.");
    }
    long incomparable = part.path("incomparable").asLong();
    if (incomparable > 0) {
      remarks.add(
          where
              + ": "
              + grouped(incomparable)
              + " entries cannot be compared; they are no JSON, or caches."
              + cache
              + ".load does not answer for their keys.");
    } else if (!ended && part.path("checked").asLong() == 0) {
      remarks.add(where + ": nothing was compared, for it holds no entry that readers would get.");
    }
    if (part.path("stale").asLong() > 0) {
      remarks.add(
          where
              + ": "
              + switch (part.path("mode").asText()) {
                case "plain" ->
                    "stale entries of a plain cache go when their time to live is over; mode:"
                        + " fenced has none.";
                case "observe" ->
                    "stale entries of an observed cache are what the application leaves; Hearth"
                        + " deletes nothing there.";
                default -> "stale entries must not be. Which change was missed?";
              }
              + " Next: hearth why "
              + plain(part.path("staleEntries").path(0).path("key").asText("KEY"))
              + " --cache "
              + cache);
    }
  }

  /** The exit status: what was found counts more than what could not be compared. */
  static int status(JsonNode audit) {
    if (audit.path("stale").asLong() > 0) {
      return Hearth.STALE;
    }
    return switch (audit.path("state").asText()) {
      case "done" -> 0;
      case "running" -> Hearth.NOT_REACHED;
      default -> Hearth.FAILED;
    };
  }

  /** Keys come from outside: nothing of them may move a terminal's cursor. */
  private static String plain(String key) {
    return key.replaceAll("\\p{Cntrl}", "?");
  }

  private static String number(JsonNode part, String field) {
    return grouped(part.path(field).asLong());
  }

  private static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String trimmed(double percent) {
    return String.format(Locale.ROOT, "%.6f", percent).replaceAll("\\.?0+$", "");
  }

  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values).stripTrailing())
        .append(System.lineSeparator());
  }
}
