package dev.hearth.chassis.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations and rates as the schema's patterns allow them: 30s, 10m, 200/s. */
final class Quantities {

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");
  private static final Pattern RATE = Pattern.compile("([0-9]{1,9})/([smh])");

  private Quantities() {}

  static boolean isDuration(String text) {
    return DURATION.matcher(text).matches();
  }

  static Duration duration(String text) {
    Matcher found = match(DURATION, text);
    return unit(found.group(2)).multipliedBy(Long.parseLong(found.group(1)));
  }

  static boolean isRate(String text) {
    return RATE.matcher(text).matches();
  }

  static HearthConfig.Rate rate(String text) {
    Matcher found = match(RATE, text);
    return new HearthConfig.Rate(Long.parseLong(found.group(1)), unit(found.group(2)));
  }

  private static Matcher match(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    if (!found.matches()) {
      throw new IllegalArgumentException('"' + text + "\" does not match " + pattern);
    }
    return found;
  }

  private static Duration unit(String letters) {
    return switch (letters) {
      case "ms" -> Duration.ofMillis(1);
      case "s" -> Duration.ofSeconds(1);
      case "m" -> Duration.ofMinutes(1);
      case "h" -> Duration.ofHours(1);
      case "d" -> Duration.ofDays(1);
      default -> throw new IllegalArgumentException("no unit: " + letters);
    };
  }
}
