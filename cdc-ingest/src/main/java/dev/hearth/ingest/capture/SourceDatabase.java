package dev.hearth.ingest.capture;

import dev.hearth.chassis.StartupException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * Opens connections to the source, and says in one sentence why it cannot. Thread-safe.
 *
 * <p>All of them are direct: a pooler would hide which server answers. No commit of theirs waits
 * for a standby, for with an absent one the ingest would stand still. Even one that only reads may
 * have to: with an id, and a page of the catalog that it cleaned up, it is written to the log.
 */
public final class SourceDatabase {
  private static final String CONNECT_TIMEOUT_SECONDS = "8";
  private static final String SILENCE_SECONDS = "20";

  private final SourceSettings settings;

  public SourceDatabase(SourceSettings settings) {
    this.settings = settings;
  }

  /** A connection whose losses are the caller's to handle; its statements may take long. */
  public Connection open(String purpose) throws SQLException {
    return open(purpose, new Properties());
  }

  /** The same for short statements: a server that falls silent is a lost one after 20 seconds. */
  public Connection openForShortStatements(String purpose) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("socketTimeout", SILENCE_SECONDS);
    return open(purpose, properties);
  }

  private Connection open(String purpose, Properties properties) throws SQLException {
    properties.setProperty("user", settings.user());
    settings.password().ifPresent(password -> properties.setProperty("password", password));
    properties.setProperty("ApplicationName", "hearth " + purpose);
    properties.setProperty("connectTimeout", CONNECT_TIMEOUT_SECONDS);
    properties.setProperty("loginTimeout", CONNECT_TIMEOUT_SECONDS);
    properties.setProperty("tcpKeepAlive", "true");
    Connection connection = DriverManager.getConnection(settings.url(), properties);
    try (Statement statement = connection.createStatement()) {
      statement.execute("set synchronous_commit = local");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** A connection at start, when failing is the user's to mend. */
  public Connection openAtStart(String purpose) {
    Properties address = Driver.parseURL(settings.url(), new Properties());
    if (address == null || PGProperty.PG_HOST.getOrDefault(address).contains(",")) {
      throw new StartupException(
          "source.postgres.url: "
              + settings.url()
              + " names several hosts; name the primary, or one address that follows it",
          1);
    }
    try {
      return open(purpose);
    } catch (SQLException e) {
      throw new StartupException(sentence(e), 1, e);
    }
  }

  /** What a refused connection means, with the cure. */
  String sentence(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String where = "source.postgres.url: " + settings.url();
    return switch (state) {
      case "28P01", "28000" ->
          "source.postgres.user: the server refuses user \""
              + settings.user()
              + "\" ("
              + firstLine(e)
              + "); check user, password and pg_hba.conf";
      case "3D000" ->
          where + ": there is no such database (" + firstLine(e) + "); correct the end of the URL";
      case "08001", "08004", "08006" ->
          where
              + ": no PostgreSQL answers there ("
              + firstLine(e)
              + "); check host and port, and that the server accepts TCP connections";
      case "53300" ->
          where
              + ": the server has no free connection ("
              + firstLine(e)
              + "); raise max_connections or close some";
      case "57P03" -> where + ": the server is starting or stopping; try again in a moment";
      default -> where + ": " + firstLine(e) + "; check address, user and password with psql";
    };
  }

  static String firstLine(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("no message").strip();
  }
}
