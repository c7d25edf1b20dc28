package dev.hearth.ingest.capture;

import dev.hearth.chassis.StartupException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Slot and publication of an installation, to be removed. A slot of that name which belongs to
 * another database or plugin is not ours, and stays. Not thread-safe.
 */
public final class InstalledReplication {
  private final Connection connection;
  private final SourceSettings settings;

  /** The connection stays the caller's. */
  public InstalledReplication(Connection connection, SourceSettings settings) {
    this.connection = connection;
    this.settings = settings;
  }

  /**
   * What is there, one line each.
   *
   * @throws StartupException if somebody streams from the slot
   */
  public List<String> find() throws SQLException {
    List<String> found = new ArrayList<>();
    if (hasSlot()) {
      found.add("replication slot " + settings.slot());
    }
    if (hasPublication()) {
      found.add("publication " + settings.publication());
    }
    return found;
  }

  /**
   * Drops both, the slot first: it is what fills a disk.
   *
   * @throws StartupException if somebody streams from the slot, or the role may not drop one
   */
  public void remove() throws SQLException {
    if (hasSlot()) {
      drop("SELECT pg_drop_replication_slot(" + Sql.literal(settings.slot()) + ")");
    }
    if (hasPublication()) {
      drop("DROP PUBLICATION IF EXISTS " + Sql.identifier(settings.publication()));
    }
  }

  private boolean hasSlot() throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "select active_pid from pg_replication_slots where slot_name = ?"
                + " and plugin = 'pgoutput' and database = current_database()")) {
      query.setString(1, settings.slot());
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return false;
        }
        int pid = row.getInt(1);
        if (!row.wasNull()) {
          throw new StartupException(
              "source.postgres.slot: slot \""
                  + settings.slot()
                  + "\" is in use by backend "
                  + pid
                  + "; stop the services of this installation, then tear it down",
              1);
        }
        return true;
      }
    }
  }

  private boolean hasPublication() throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("select from pg_publication where pubname = ?")) {
      query.setString(1, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  private void drop(String sql) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    } catch (SQLException e) {
      throw new StartupException(
          "source.postgres: the database refuses ("
              + SourceDatabase.firstLine(e)
              + "); its owner may run: "
              + sql,
          1,
          e);
    }
  }
}
