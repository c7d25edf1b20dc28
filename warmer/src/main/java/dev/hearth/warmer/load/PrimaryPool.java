package dev.hearth.warmer.load;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A small pool of connections to the primary that can do no harm: read only, with timeouts. */
public final class PrimaryPool {
  private PrimaryPool() {}

  /**
   * Opens a pool; connects when first asked, so that a database that is away does not keep the
   * service from starting. The driver refuses a server that is a standby.
   *
   * @param size most connections, at least 1: the hard ceiling of what warming does to the database
   * @param statementTimeout longest run of one query, at least a millisecond
   */
  public static HikariDataSource open(
      String jdbcUrl, String user, @Nullable String password, int size, Duration statementTimeout) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("hearth-warmer");
    config.setJdbcUrl(jdbcUrl);
    config.setUsername(user);
    if (password != null) {
      config.setPassword(password);
    }
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(0);
    config.setIdleTimeout(Duration.ofMinutes(1).toMillis());
    config.setConnectionTimeout(Math.max(1_000, statementTimeout.toMillis()));
    config.setInitializationFailTimeout(-1);
    config.setReadOnly(true);
    config.setConnectionInitSql(
        "set default_transaction_read_only = on; set statement_timeout = "
            + Math.max(1, statementTimeout.toMillis()));
    config.addDataSourceProperty("ApplicationName", "hearth-warmer");
    config.addDataSourceProperty("targetServerType", "primary");
    // A dead network must end too: a little after the server would have.
    config.addDataSourceProperty("socketTimeout", Long.toString(statementTimeout.toSeconds() + 5));
    return new HikariDataSource(config);
  }
}
