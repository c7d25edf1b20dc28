package dev.hearth.warmer.load;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Small pools of connections that can do no harm: read only, with timeouts. They connect when first
 * asked, so that a database that is away does not keep the service from starting.
 */
public final class ReadPool {
  /** A load that waited for a standby has the primary still to go to. */
  private static final Duration STANDBY_CONNECTION_TIMEOUT = Duration.ofSeconds(1);

  private ReadPool() {}

  /**
   * Opens a pool of connections to the primary; the driver refuses a server that is a standby.
   *
   * @param size most connections, at least 1: the hard ceiling of what warming does to the database
   * @param statementTimeout longest run of one query, at least a millisecond
   */
  public static HikariDataSource primary(
      String jdbcUrl, String user, @Nullable String password, int size, Duration statementTimeout) {
    HikariConfig config = config(jdbcUrl, user, password, size, statementTimeout);
    config.setPoolName("hearth-warmer");
    config.setConnectionTimeout(Math.max(1_000, statementTimeout.toMillis()));
    config.addDataSourceProperty("targetServerType", "primary");
    return new HikariDataSource(config);
  }

  /**
   * Opens a pool of connections to a standby. Whether it is one is asked at each load.
   *
   * @param size most connections, at least 1
   * @param statementTimeout longest run of one query, at least a millisecond
   */
  public static HikariDataSource standby(
      String jdbcUrl, String user, @Nullable String password, int size, Duration statementTimeout) {
    HikariConfig config = config(jdbcUrl, user, password, size, statementTimeout);
    config.setPoolName("hearth-warmer-standby");
    config.setConnectionTimeout(STANDBY_CONNECTION_TIMEOUT.toMillis());
    return new HikariDataSource(config);
  }

  private static HikariConfig config(
      String jdbcUrl, String user, @Nullable String password, int size, Duration statementTimeout) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(jdbcUrl);
    config.setUsername(user);
    if (password != null) {
      config.setPassword(password);
    }
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(0);
    config.setIdleTimeout(Duration.ofMinutes(1).toMillis());
    config.setInitializationFailTimeout(-1);
    config.setReadOnly(true);
    config.setConnectionInitSql(
        "set default_transaction_read_only = on; set statement_timeout = "
            + Math.max(1, statementTimeout.toMillis()));
    config.addDataSourceProperty("ApplicationName", "hearth-warmer");
    // A dead network must end too: a little after the server would have.
    config.addDataSourceProperty("socketTimeout", Long.toString(statementTimeout.toSeconds() + 5));
    return config;
  }
}
