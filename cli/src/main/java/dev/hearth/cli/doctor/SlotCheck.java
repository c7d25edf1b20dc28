package dev.hearth.cli.doctor;

import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Whether the slot is ours, is read, and will neither be lost nor fill the disk. */
final class SlotCheck {
  private static final long MUCH_LOG_BYTES = 1L << 30;

  private SlotCheck() {}

  static Check<Connection> of(SourceSettings settings) {
    return Check.of("slot", db -> read(db, settings), found -> judge(found, settings));
  }

  /**
   * A slot as it is.
   *
   * @param ours whether it is pgoutput's, of this database
   * @param reader who streams from it
   * @param status what became of the log that it needs, as the server says
   * @param retainedBytes of log that are kept for it
   * @param boundMegabytes max_slot_wal_keep_size; negative: none
   */
  record Slot(
      boolean ours,
      Optional<String> reader,
      String status,
      long retainedBytes,
      long boundMegabytes) {}

  private static Optional<Slot> read(Connection db, SourceSettings settings) throws SQLException {
    try (PreparedStatement query =
        db.prepareStatement(
            """
            select s.plugin = 'pgoutput' and s.database = current_database(),
                   case when s.active_pid is not null
                        then coalesce(nullif(a.application_name, ''), 'backend') || ' (pid '
                             || s.active_pid || coalesce(' from ' || host(a.client_addr), '') || ')'
                   end,
                   coalesce(s.wal_status, ''),
                   coalesce(pg_wal_lsn_diff(
                       case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                            else pg_current_wal_lsn() end, s.restart_lsn), 0)::bigint,
                   (select setting::bigint from pg_settings where name = 'max_slot_wal_keep_size')
              from pg_replication_slots s left join pg_stat_activity a on a.pid = s.active_pid
             where s.slot_name = ?
            """)) {
      query.setString(1, settings.slot());
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Slot(
                    row.getBoolean(1),
                    Optional.ofNullable(row.getString(2)),
                    row.getString(3),
                    row.getLong(4),
                    row.getLong(5)))
            : Optional.empty();
      }
    }
  }

  static Verdict judge(Optional<Slot> found, SourceSettings settings) {
    if (found.isEmpty()) {
      return Verdict.ok(settings.slot() + " is not there yet, and created at the start");
    }
    Slot slot = found.get();
    String drop = "SELECT pg_drop_replication_slot('" + settings.slot().replace("'", "''") + "')";
    if (!slot.ours()) {
      return Verdict.problem(
          settings.slot() + " belongs to another database or plugin",
          "choose another name in source.postgres.slot");
    }
    if (slot.status().equals("lost")) {
      return Verdict.problem(
          settings.slot()
              + " is lost: the server removed log that it still needed (max_slot_wal_keep_size)",
          drop + "; the next start creates it anew, and voids what is cached");
    }
    String kept = Texts.bytes(slot.retainedBytes()) + " of log are kept for it";
    String reader = slot.reader().map(who -> "read by " + who).orElse("read by nobody");
    if (slot.status().equals("unreserved")) {
      return Verdict.problem(
          settings.slot() + " is about to be lost: " + kept + ", " + reader,
          "start the ingest, or raise max_slot_wal_keep_size");
    }
    if (slot.reader().isEmpty() && slot.retainedBytes() > MUCH_LOG_BYTES) {
      return Verdict.warning(
          settings.slot() + " is " + reader + ", and " + kept + ": it fills the disk",
          "start the ingest, or, if it is not needed any more: hearth teardown");
    }
    if (slot.boundMegabytes() < 0) {
      return Verdict.warning(
          settings.slot()
              + " is "
              + reader
              + "; max_slot_wal_keep_size sets no bound, so that a slot which nobody reads fills the"
              + " disk",
          "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf()");
    }
    return Verdict.ok(settings.slot() + " is " + reader + "; " + kept);
  }
}
