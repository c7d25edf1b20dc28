package dev.hearth.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A time, or how long ago. */
final class TimeText implements ITypeConverter<Instant> {
  @Override
  public Instant convert(String text) {
    try {
      if (text.matches("\\d+d")) {
        return Instant.now()
            .minus(Duration.ofDays(Long.parseLong(text.substring(0, text.length() - 1))));
      }
      if (text.matches("[\\d.]+[hHmMsS].*")) {
        return Instant.now().minus(Duration.parse("PT" + text.toUpperCase(Locale.ROOT)));
      }
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException | ArithmeticException | NumberFormatException e) {
      throw new TypeConversionException(
          "\""
              + text
              + "\" is no time; expected how long ago, such as 30s, 5m, 2h, 7d, or a time such as"
              + " 2026-05-01T12:00:00Z");
    }
  }
}
