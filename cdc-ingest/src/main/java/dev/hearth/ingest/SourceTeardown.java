package dev.hearth.ingest;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.ingest.capture.InstalledReplication;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Finds and removes what an installation has in its source. Not thread-safe. */
public final class SourceTeardown implements AutoCloseable {
  private final Connection connection;
  private final InstalledReplication replication;

  /**
   * Connects; changes nothing.
   *
   * @throws StartupException if the database cannot be reached
   */
  public SourceTeardown(HearthConfig config) {
    SourceSettings settings = SourceCheck.settings(config);
    this.connection = new SourceDatabase(settings).openAtStart("teardown");
    this.replication = new InstalledReplication(connection, settings);
  }

  /**
   * What is there, one line each.
   *
   * @throws StartupException if somebody streams from the slot
   */
  public List<String> find() {
    try {
      return replication.find();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  /**
   * Removes it; what is gone already is no failure.
   *
   * @throws StartupException if somebody streams from the slot, or the role may not
   */
  public void remove() {
    try {
      replication.remove();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static StartupException failed(SQLException e) {
    return new StartupException(
        "source.postgres: the database refused (" + e.getMessage() + "); try again", 1, e);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // It held nothing.
      return;
    }
  }
}
