package dev.hearth.invalidator.replay;

import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** From where to apply again. */
public sealed interface ReplayFrom {

  /** Everything that was committed then or later, by the database's clock. */
  record Time(Instant time) implements ReplayFrom {}

  /** Everything at this position or above it. */
  record At(Position position) implements ReplayFrom {}

  /** As {@link Position#toString} prints it. */
  Pattern POSITION = Pattern.compile("(\\d{1,18}):([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})");

  /** Reads a position, or a time of ISO 8601; empty where it is neither. */
  static Optional<ReplayFrom> parse(String text) {
    Matcher position = POSITION.matcher(text);
    if (position.matches()) {
      return Optional.of(
          new At(
              new Position(
                  Long.parseLong(position.group(1)),
                  (Long.parseLong(position.group(2), 16) << 32)
                      | Long.parseLong(position.group(3), 16))));
    }
    try {
      return Optional.of(new Time(OffsetDateTime.parse(text).toInstant()));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
