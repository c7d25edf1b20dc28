package dev.hearth.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the options of {@code hearth audit} mean; pure. */
final class AuditOptions {
  private static final Pattern PERCENT = Pattern.compile("([0-9]{1,3}(\\.[0-9]{1,6})?)\\s*%");
  private static final Duration LONGEST = Duration.ofHours(1);

  private AuditOptions() {}

  /** Of the entries; above 0, up to 1. */
  static double share(CommandSpec spec, String text) {
    Matcher matcher = PERCENT.matcher(text.strip());
    if (matcher.matches()) {
      double percent = Double.parseDouble(matcher.group(1));
      if (percent > 0 && percent <= 100) {
        return percent / 100;
      }
    }
    throw new ParameterException(
        spec.commandLine(),
        "--sample: \""
            + text
            + "\" is no sample; expected a share of the entries above 0%, up to 100%, such as 1%");
  }

  /** A time from one second to an hour. */
  static double seconds(CommandSpec spec, Duration length) {
    if (length.toSeconds() < 1 || length.compareTo(LONGEST) > 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--for: an audit goes on for 1s to 1h; found " + length.toMillis() / 1000.0 + " s");
    }
    return length.toMillis() / 1000.0;
  }
}
