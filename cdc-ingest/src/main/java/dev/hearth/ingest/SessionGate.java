package dev.hearth.ingest;

import dev.hearth.ingest.capture.ReplicationSetup;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.SourceSettings;
import dev.hearth.ingest.position.Gate;
import dev.hearth.ingest.position.GateSnapshot;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The gate as one session asks it. Before its first answer is used, the slot must stand where it
 * stood when the epoch was decided: the engine would silently create one that was dropped in
 * between. For the loop's thread.
 */
final class SessionGate implements IngestSession.Visibility {
  private final Gate gate;
  private final SourceDatabase database;
  private final SourceSettings settings;
  private final long confirmedFlushLsn;
  private boolean checked;

  /**
   * For one session.
   *
   * @param confirmedFlushLsn where the slot stood when the epoch was decided
   */
  SessionGate(Gate gate, SourceDatabase database, SourceSettings settings, long confirmedFlushLsn) {
    this.gate = gate;
    this.database = database;
    this.settings = settings;
    this.confirmedFlushLsn = confirmedFlushLsn;
  }

  @Override
  public GateSnapshot ask() throws SQLException {
    if (!checked) {
      checkSlot();
      checked = true;
    }
    return gate.ask();
  }

  private void checkSlot() throws SQLException {
    try (Connection connection = database.openForShortStatements("slot check")) {
      Optional<ReplicationSetup.Slot> now = new ReplicationSetup(connection, settings).slot();
      if (now.isEmpty() || now.get().confirmedFlushLsn() != confirmedFlushLsn) {
        throw new SQLException(
            "slot " + settings.slot() + " was moved or created again while the session began");
      }
    }
  }
}
