package dev.hearth.client;

import dev.hearth.client.feed.PrimaryMoment;
import dev.hearth.schemas.position.History;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a writer gives to readers who are to see its write: a place in the database's log at or
 * behind the end of its commit record, and the history that the place is in. Immutable.
 *
 * <p>It is no secret, and nothing is believed because of it: a token that somebody made up only
 * sends its reader to the database.
 *
 * @param systemIdentifier PostgreSQL's system identifier, in digits
 * @param timeline at least 1
 * @param lsn in bytes, compared as an unsigned number
 */
public record WriteToken(String systemIdentifier, int timeline, long lsn) {
  private static final String VERSION = "h1";
  private static final Pattern TEXT =
      Pattern.compile(VERSION + "\\.([0-9]{1,20})\\.([0-9]{1,9})\\.([0-9A-F]{1,16})");
  private static final int SHOWN = 80;

  /** Refuses a timeline below 1 and an identifier that is no number. */
  public WriteToken {
    if (timeline < 1) {
      throw new IllegalArgumentException("timeline is " + timeline + "; expected 1 or more");
    }
    if (!systemIdentifier.matches("[0-9]{1,20}")) {
      throw new IllegalArgumentException(
          "system identifier is \"" + systemIdentifier + "\"; expected 1 to 20 digits");
    }
  }

  /**
   * The token of what has been committed on the primary up to now: by this connection or by any
   * other that has returned from COMMIT. One query; on a connection that is not in autocommit it
   * begins a transaction, as any does.
   *
   * @param connection to the primary, direct or through a pooler
   * @throws IllegalStateException if the connection's transaction has written and is still open:
   *     its commit would come after the token
   * @throws SQLException if the server does not answer within 5 s or is a standby
   */
  public static WriteToken after(Connection connection) throws SQLException {
    PrimaryMoment moment = PrimaryMoment.of(connection);
    if (moment.writing()) {
      throw new IllegalStateException(
          "the connection's transaction has written and is not over; take the token after COMMIT");
    }
    return new WriteToken(
        moment.history().systemIdentifier(), moment.history().timeline(), moment.insertLsn());
  }

  /** The token as text for a cookie or a header: at most 50 letters, digits and dots. */
  public String encode() {
    return VERSION
        + "."
        + systemIdentifier
        + "."
        + timeline
        + "."
        + Long.toHexString(lsn).toUpperCase(Locale.ROOT);
  }

  /**
   * The token of a text.
   *
   * @throws IllegalArgumentException if it is none that {@link #encode} made
   */
  public static WriteToken decode(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw refused(text);
    }
    try {
      return new WriteToken(
          parts.group(1),
          Integer.parseInt(parts.group(2)),
          Long.parseUnsignedLong(parts.group(3), 16));
    } catch (IllegalArgumentException e) {
      throw refused(text);
    }
  }

  private static IllegalArgumentException refused(String text) {
    String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    return new IllegalArgumentException(
        "\""
            + shown.replaceAll("\\p{Cntrl}", "?")
            + "\" is no write token; expected h1.SYSTEM_IDENTIFIER.TIMELINE.LSN such as"
            + " h1.7312034890921316401.1.16B3748, as WriteToken.encode() makes it. Read without a"
            + " token instead");
  }

  /** Whether an LSN of a history is at or behind this place. */
  boolean isReached(History history, long reached) {
    return history.equals(new History(systemIdentifier, timeline))
        && Long.compareUnsigned(reached, lsn) >= 0;
  }

  @Override
  public String toString() {
    return encode();
  }
}
