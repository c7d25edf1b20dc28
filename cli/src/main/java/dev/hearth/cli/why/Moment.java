package dev.hearth.cli.why;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times as people read them, in UTC. */
final class Moment {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("yyyy-MM-dd", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Moment() {}

  static String time(JsonNode instant) {
    return TIME.format(Instant.parse(instant.asText()));
  }

  static String day(JsonNode instant) {
    return DAY.format(Instant.parse(instant.asText()));
  }

  static String full(JsonNode instant) {
    return day(instant) + " " + time(instant);
  }

  /** Such as {@code +4.9 ms} or {@code +3.2 s}. */
  static String lag(double millis) {
    double size = Math.abs(millis);
    if (size < 1_000) {
      return String.format(Locale.ROOT, "%+.1f ms", millis);
    }
    return size < 600_000
        ? String.format(Locale.ROOT, "%+.1f s", millis / 1_000)
        : String.format(Locale.ROOT, "%+.1f min", millis / 60_000);
  }

  static double millisBetween(JsonNode from, JsonNode to) {
    return java.time.Duration.between(Instant.parse(from.asText()), Instant.parse(to.asText()))
            .toNanos()
        / 1e6;
  }
}
