package dev.hearth.store.standby;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Where a server stands in which history, as an earlier statement of the reading transaction found
 * it. Immutable.
 *
 * @param inRecovery whether it is a standby
 * @param replayedLsn bytes, unsigned; everything up to it is seen by the next snapshot; empty
 *     before the first record
 * @param timeline from which it receives the log; empty while it receives none
 * @param systemIdentifier of its cluster
 */
record Place(
    boolean inRecovery, OptionalLong replayedLsn, OptionalInt timeline, String systemIdentifier) {

  /**
   * The LSN is read first (the subquery is fenced), the timeline after it: then the log up to that
   * LSN came from this timeline or from one that it grew out of. The other way round, a standby
   * that changes over in between would show the old timeline with an LSN of the new one.
   *
   * <p>The timeline is the receiver's. The control file has that of the last restartpoint, minutes
   * after the standby has moved on; {@code pg_walfile_name}, which would know, refuses to run in
   * recovery. The receiver is stopped before a standby takes its log from elsewhere, and started
   * with the timeline of the next record.
   */
  static final String QUERY =
      """
      select pg_is_in_recovery(),
             replayed.lsn - '0/0'::pg_lsn,
             (select received_tli from pg_stat_wal_receiver),
             (select system_identifier::text from pg_control_system())
        from (select pg_last_wal_replay_lsn() as lsn offset 0) as replayed""";

  static Place read(ResultSet row) throws SQLException {
    BigDecimal lsn = row.getBigDecimal(2);
    int timeline = row.getInt(3);
    return new Place(
        row.getBoolean(1),
        lsn == null ? OptionalLong.empty() : OptionalLong.of(lsn.longValue()),
        timeline == 0 ? OptionalInt.empty() : OptionalInt.of(timeline),
        row.getString(4));
  }

  /**
   * Why a fill may not read here; empty where it may.
   *
   * @param history of the epoch of {@code floor}
   * @param floor B of the lease: the highest position of any invalidation that came before it
   */
  Optional<Refusal> refusal(History history, Position floor) {
    if (!inRecovery) {
      return Optional.of(Refusal.NOT_IN_RECOVERY);
    }
    if (!systemIdentifier.equals(history.systemIdentifier())) {
      return Optional.of(Refusal.FOREIGN_HISTORY);
    }
    if (timeline.isEmpty()) {
      return Optional.of(Refusal.NO_RECEIVER);
    }
    if (timeline.getAsInt() != history.timeline()) {
      return Optional.of(Refusal.FOREIGN_HISTORY);
    }
    return replayedLsn.isPresent()
            && Long.compareUnsigned(replayedLsn.getAsLong(), floor.lsn()) >= 0
        ? Optional.empty()
        : Optional.of(Refusal.BEHIND);
  }
}
