package dev.hearth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs and plans as a person reads them; pure. */
final class WarmText {
  private static final int BAR = 30;

  private WarmText() {}

  /** One line. */
  static String progress(JsonNode run) {
    JsonNode at = run.path("progress");
    int planned = at.path("planned").asInt();
    int done = at.path("done").asInt();
    int filled = planned == 0 ? 0 : (int) Math.min(BAR, (long) BAR * done / planned);
    JsonNode ratio = run.path("hitRatio").path("ratio");
    String waiting = run.path("waitingFor").asText();
    return String.format(
        Locale.ROOT,
        "[%s%s] %,d of %,d  stored %,d  already warm %,d  overtaken %,d  busy %,d  absent %,d"
            + "  failed %,d%s  %s%s",
        "#".repeat(filled),
        "-".repeat(BAR - filled),
        done,
        planned,
        at.path("stored").asInt(),
        at.path("alreadyWarm").asInt(),
        at.path("leaseLost").asInt(),
        at.path("busy").asInt(),
        at.path("absent").asInt(),
        at.path("failed").asInt(),
        ratio.isNumber() ? String.format(Locale.ROOT, "  hit ratio %.3f", ratio.asDouble()) : "",
        run.path("state").asText(),
        waiting.isEmpty() ? "" : ", waits: " + waiting);
  }

  /** Whether so many reads were hits since the run began. */
  static boolean reaches(JsonNode run, double wanted) {
    JsonNode ratio = run.path("hitRatio").path("ratio");
    return ratio.isNumber() && ratio.asDouble() >= wanted;
  }

  /** Why the goal does not count as reached. */
  static String missed(JsonNode run, double wanted, Duration budget) {
    JsonNode hits = run.path("hitRatio");
    String seconds = budget.toSeconds() + " s";
    if (hits.path("ratio").isNumber()) {
      return String.format(
          Locale.ROOT,
          "The hit ratio of cache %s is %.3f after %s; %s was wanted.",
          run.path("cache").asText(),
          hits.path("ratio").asDouble(),
          seconds,
          wanted);
    }
    return "The hit ratio of cache "
        + run.path("cache").asText()
        + " is not known after "
        + seconds
        + ": clients reported "
        + hits.path("reads").asLong()
        + " reads lately, too few to tell; is there traffic, and do its clients report their"
        + " reads?";
  }

  /** The plan, with what is left out of it. */
  static String plan(JsonNode plan) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%,d keys of cache %s would be loaded%s%s.%n",
            plan.path("keys").asInt(),
            plan.path("cache").asText(),
            plan.path("expectedBytes").asLong() == 0
                ? ", of unknown size"
                : String.format(
                    Locale.ROOT,
                    ", about %,d bytes in each store",
                    plan.path("expectedBytes").asLong()),
            plan.path("expectedLoadMillis").asDouble() == 0
                ? ", at an unknown cost"
                : String.format(
                    Locale.ROOT,
                    ", %,.1f ms of database time at most",
                    plan.path("expectedLoadMillis").asDouble())));
    for (JsonNode key : plan.path("first")) {
      text.append("  ").append(key.asText()).append('\n');
    }
    int more = plan.path("keys").asInt() - plan.path("first").size();
    if (more > 0) {
      text.append(String.format(Locale.ROOT, "  and %,d more%n", more));
    }
    if (!plan.path("leftOut").isEmpty()) {
      text.append("Left out:\n");
    }
    for (JsonNode reason : plan.path("leftOut")) {
      List<String> examples = new ArrayList<>();
      reason.path("examples").forEach(key -> examples.add(key.asText()));
      text.append(
          String.format(
              Locale.ROOT,
              "  %,8d  %s (%s)%n",
              reason.path("keys").asInt(),
              reason.path("sentence").asText(),
              String.join(", ", examples)));
    }
    return text.toString();
  }
}
