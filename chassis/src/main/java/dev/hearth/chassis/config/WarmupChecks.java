package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** What a schema cannot say of plans, webhooks and refreshed caches. */
final class WarmupChecks {
  private static final Pattern PLAN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Duration SHORTEST_BUDGET = Duration.ofSeconds(1);
  private static final Duration LONGEST_BUDGET = Duration.ofHours(6);
  private static final Duration SHORTEST_TOLERANCE = Duration.ofSeconds(10);
  private static final Duration LONGEST_TOLERANCE = Duration.ofHours(1);

  private final ObjectNode document;
  private final Findings findings;

  WarmupChecks(ObjectNode document, Findings findings) {
    this.document = document;
    this.findings = findings;
  }

  void run() {
    for (Map.Entry<String, JsonNode> cache : entries("caches")) {
      if (cache.getValue().path("refresh").asBoolean()) {
        warmable(
            ConfigSchema.childPath("caches", cache.getKey()) + ".refresh",
            cache.getKey(),
            "it is not refreshed");
      }
    }
    for (Map.Entry<String, JsonNode> plan : entries("warmups")) {
      plan(plan.getKey(), plan.getValue());
    }
    duration(
        "hooks.tolerance",
        document.path("hooks").path("tolerance"),
        SHORTEST_TOLERANCE,
        LONGEST_TOLERANCE,
        "10s to 1h");
  }

  private void plan(String name, JsonNode plan) {
    String path = ConfigSchema.childPath("warmups", name);
    if (!PLAN_NAME.matcher(name).matches()) {
      findings.add(
          path,
          "'"
              + name
              + "' is not a name of a plan; expected 1 to 100 letters, digits and . _ - such as"
              + " after-deploy");
    }
    caches(path + ".caches", plan.path("caches"));
    duration(path + ".budget", plan.path("budget"), SHORTEST_BUDGET, LONGEST_BUDGET, "1s to 6h");
    schedule(path, plan);
    noTwice(path + ".environments", plan.path("environments"));
    if (!plan.path("environments").isEmpty() && !document.path("hooks").has("secret")) {
      findings.add(
          path + ".environments",
          "no webhook can start it, for hooks.secret is missing; set it, or remove the"
              + " environments");
    }
  }

  private void caches(String path, JsonNode caches) {
    List<String> known = new ArrayList<>();
    document.path("caches").fieldNames().forEachRemaining(known::add);
    noTwice(path, caches);
    for (int i = 0; i < caches.size(); i++) {
      String name = caches.path(i).asText();
      String item = ConfigSchema.itemPath(path, i);
      if (!caches.path(i).isTextual()) {
        continue;
      }
      if (!known.contains(name)) {
        findings.add(item, "no cache named '" + name + "'" + Suggestion.clause(name, known));
      } else {
        warmable(item, name, "it is not warmed");
      }
    }
  }

  /** Only what is fenced may be filled, and only a query says how to read it. */
  private void warmable(String path, String name, String so) {
    JsonNode cache = document.path("caches").path(name);
    String mode = cache.path("mode").asText();
    if (!mode.equalsIgnoreCase("fenced")) {
      findings.add(
          path,
          "cache '"
              + name
              + "' is of mode "
              + mode
              + ", so "
              + so
              + "; expected one of mode fenced");
    } else if (!cache.has("load")) {
      findings.add(
          path,
          "cache '"
              + name
              + "' has no load query, so "
              + so
              + "; add "
              + ConfigSchema.childPath("caches", name)
              + ".load");
    }
  }

  private void schedule(String path, JsonNode plan) {
    JsonNode zone = plan.path("timeZone");
    boolean known = zone.isTextual() && isZone(zone.textValue());
    if (zone.isTextual() && !zone.textValue().isBlank() && !known) {
      findings.add(
          path + ".timeZone",
          quoted(path + ".timeZone", zone.textValue())
              + " is not a time zone; expected one such as UTC or Europe/Berlin");
    }
    JsonNode schedule = plan.path("schedule");
    if (schedule.isTextual() && !schedule.textValue().isBlank()) {
      try {
        CronSchedule.parse(schedule.textValue(), "UTC");
      } catch (IllegalArgumentException e) {
        findings.add(
            path + ".schedule",
            quoted(path + ".schedule", schedule.textValue())
                + " is not a cron expression; expected five fields such as \"0 6 * * *\", every"
                + " day at six");
      }
    }
  }

  private static boolean isZone(String text) {
    try {
      return !ZoneId.of(text).getId().isEmpty();
    } catch (DateTimeException e) {
      return false;
    }
  }

  private void duration(
      String path, JsonNode node, Duration least, Duration most, String expected) {
    if (!node.isTextual() || !Quantities.isDuration(node.textValue())) {
      return;
    }
    Duration found = Quantities.duration(node.textValue());
    if (found.compareTo(least) < 0 || found.compareTo(most) > 0) {
      findings.add(
          path,
          quoted(path, node.textValue())
              + (found.compareTo(least) < 0 ? " is too short" : " is too long")
              + "; expected "
              + expected);
    }
  }

  private void noTwice(String path, JsonNode list) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < list.size(); i++) {
      if (list.path(i).isTextual() && !seen.add(list.path(i).textValue())) {
        findings.add(
            ConfigSchema.itemPath(path, i),
            "'" + list.path(i).textValue() + "' stands in the list twice; remove one");
      }
    }
  }

  private Set<Map.Entry<String, JsonNode>> entries(String section) {
    return document.path(section).properties();
  }

  private String quoted(String path, String text) {
    return findings.found(path, MissingNode.getInstance(), '"' + text + '"');
  }
}
