package dev.hearth.store.standby;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.sql.SQLException;

/**
 * What should be the primary is none, or is one that was replaced; nothing that it says may fill a
 * cache. The message says which, and what to do.
 */
public final class ForeignPrimaryException extends SQLException {
  private static final long serialVersionUID = 1L;

  private ForeignPrimaryException(String sentence) {
    super(sentence);
  }

  static ForeignPrimaryException standby(Position floor) {
    return new ForeignPrimaryException(
        "the database for loads under epoch "
            + floor.epoch()
            + " is a standby; expected the primary: lead the data source there (targetServerType=primary)");
  }

  static ForeignPrimaryException other(History found, History expected, Position floor) {
    return new ForeignPrimaryException(
        "the database for loads is timeline "
            + found.timeline()
            + " of system "
            + found.systemIdentifier()
            + ", but epoch "
            + floor.epoch()
            + " is bound to timeline "
            + expected.timeline()
            + " of system "
            + expected.systemIdentifier()
            + "; if this is an old primary that still answers, lead the data source to the new one");
  }
}
