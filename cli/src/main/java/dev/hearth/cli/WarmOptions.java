package dev.hearth.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the options of {@code hearth warm} mean; pure. */
final class WarmOptions {
  private static final Pattern GOAL = Pattern.compile("hit-ratio\\s*>=\\s*([0-9.]{1,10})(%?)");
  private static final Pattern PERCENT = Pattern.compile("([0-9.]{1,10})%");

  private WarmOptions() {}

  /** The wanted hit ratio, above 0, up to 1. */
  static Optional<Double> goal(CommandSpec spec, @Nullable String text) {
    if (text == null) {
      return Optional.empty();
    }
    Matcher matcher = GOAL.matcher(text.strip());
    if (matcher.matches()) {
      Optional<Double> share = share(matcher.group(1), matcher.group(2).isEmpty() ? 1 : 100);
      if (share.isPresent()) {
        return share;
      }
    }
    throw new ParameterException(
        spec.commandLine(),
        "--until: \""
            + text
            + "\" is no goal; expected hit-ratio>=R with R above 0, up to 1, such as"
            + " \"hit-ratio>=0.9\" (in quotes, for the shell)");
  }

  /** Empty for auto. */
  static Optional<Double> databaseShare(CommandSpec spec, String text) {
    if (text.equals("auto")) {
      return Optional.empty();
    }
    Matcher matcher = PERCENT.matcher(text.strip());
    if (matcher.matches()) {
      Optional<Double> share = share(matcher.group(1), 100);
      if (share.isPresent()) {
        return share;
      }
    }
    throw new ParameterException(
        spec.commandLine(),
        "--rate: \""
            + text
            + "\" is no rate; expected auto, or a share of database time above 0%, up to 100%,"
            + " such as 20%");
  }

  private static Optional<Double> share(String number, double of) {
    try {
      double share = Double.parseDouble(number) / of;
      return share > 0 && share <= 1 ? Optional.of(share) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  static Map<String, Object> budget(
      Duration time, @Nullable Integer keys, @Nullable Long bytes, Optional<Double> databaseShare) {
    Map<String, Object> budget = new LinkedHashMap<>();
    budget.put("timeSeconds", time.toMillis() / 1000.0);
    if (keys != null) {
      budget.put("keys", keys);
    }
    if (bytes != null) {
      budget.put("bytes", bytes);
    }
    databaseShare.ifPresent(share -> budget.put("databaseShare", share));
    return budget;
  }

  /** What to send. */
  static Map<String, Object> body(
      String cache,
      int top,
      String by,
      Map<String, Object> budget,
      Optional<Double> goal,
      boolean dryRun) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("cache", cache);
    body.put("top", top);
    body.put("by", by);
    body.put("budget", budget);
    goal.ifPresent(ratio -> body.put("until", ratio));
    if (dryRun) {
      body.put("dryRun", true);
    }
    return body;
  }
}
