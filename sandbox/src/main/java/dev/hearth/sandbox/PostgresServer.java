package dev.hearth.sandbox;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL with logical decoding on, a primary or a physical standby ({@link
 * Sandbox#startStandby}). What is committed and every replication slot outlive {@link #kill()};
 * only a crash of the whole machine may lose data, because fsync is off. Safe for use by many
 * threads.
 */
public final class PostgresServer implements Restartable {
  private static final Duration START_BOUND = Duration.ofSeconds(90);
  private static final Duration STOP_BOUND = Duration.ofSeconds(5);
  private static final Duration ORPHANS_BOUND = Duration.ofSeconds(20);
  private static final Duration PROMOTION_BOUND = Duration.ofSeconds(60);
  private static final Duration RELOAD_BOUND = Duration.ofSeconds(60);
  private static final String REPLAY_DELAY =
      "SELECT setting FROM pg_settings WHERE name = 'recovery_min_apply_delay'";
  static final String USER = "postgres";

  private final DataDirectory data;
  private final PostgresCluster cluster;
  private final int port;
  private final String name;
  private @Nullable PostgresServer upstream;
  private @Nullable Process process;

  PostgresServer(DataDirectory data, int port) {
    this(data, port, "postgres", null);
  }

  private PostgresServer(
      DataDirectory data, int port, String name, @Nullable PostgresServer upstream) {
    this.data = data;
    this.cluster = new PostgresCluster(data, name);
    this.port = port;
    this.name = name;
    this.upstream = upstream;
  }

  /** A standby of this server, not started yet. */
  PostgresServer standby(String standbyName, int standbyPort) {
    return new PostgresServer(data, standbyPort, "postgres-" + standbyName, this);
  }

  @Override
  public Server server() {
    return Server.POSTGRES;
  }

  @Override
  public int port() {
    return port;
  }

  /** The JDBC address of a database; the database {@code postgres} always exists. */
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
  }

  /** A superuser who may also replicate. */
  public String user() {
    return USER;
  }

  /** The user's password; the server takes any from 127.0.0.1. */
  public String password() {
    return USER;
  }

  /** What a primary's {@code synchronous_standby_names} calls this server. */
  public String name() {
    return name;
  }

  /**
   * Ends a standby's recovery: it becomes a primary, on a timeline of its own. Sessions that are
   * open survive. Returns when it can be written to.
   *
   * @throws SandboxException when it is no standby, or does not come out of recovery
   */
  public synchronized void promote() {
    execute(
        "promote \"" + name + "\"", "SELECT pg_promote(true, " + PROMOTION_BOUND.toSeconds() + ")");
    upstream = null;
  }

  /**
   * Lets a standby receive the log from another server of the sandbox, which may be a standby
   * itself. Returns when it does, and so does not receive from the former one any more: it may then
   * have more of the log than the other.
   *
   * @throws SandboxException when it does not
   */
  public synchronized void follow(PostgresServer other) {
    try {
      other.keepLogFor(this);
      upstream = other;
      writeSettings();
    } catch (IOException e) {
      throw new SandboxException(
          "PostgreSQL \"%s\" cannot follow \"%s\": %s.".formatted(name, other.name, e.getMessage()),
          e);
    }
    execute("follow \"" + other.name + "\"", "SELECT pg_reload_conf()");
    String receiving =
        "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming' AND sender_port = "
            + other.port;
    if (!Wait.until(RELOAD_BOUND, () -> number(receiving) == 1)) {
      throw new SandboxException(
          "PostgreSQL \"%s\" does not receive from \"%s\" after %d s."
              .formatted(name, other.name, RELOAD_BOUND.toSeconds()));
    }
  }

  /**
   * Lets a standby apply each commit only so long after it happened, by the primary's clock; it
   * receives the log at once. Holds for every commit after the return.
   *
   * @param delay zero for none; whole milliseconds
   */
  public void delayReplay(Duration delay) {
    execute(
        "delay its replay",
        "ALTER SYSTEM SET recovery_min_apply_delay = '" + delay.toMillis() + "ms'",
        "SELECT pg_reload_conf()");
    for (int session = 0; session < 2; session++) {
      // The first session that knows the new setting may have been told before the replay was; the
      // next one can only begin when the postmaster has told everybody.
      if (!Wait.until(RELOAD_BOUND, () -> number(REPLAY_DELAY) == delay.toMillis())) {
        throw new SandboxException(
            "PostgreSQL \"%s\" has not taken over its replay delay of %d ms after %d s."
                .formatted(name, delay.toMillis(), RELOAD_BOUND.toSeconds()));
      }
    }
  }

  /** In a session of its own. */
  private long number(String query) {
    try (Connection connection = connect();
        var statement = connection.createStatement();
        var row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new SandboxException(
          "PostgreSQL \"%s\" does not answer %s: %s.".formatted(name, query, e.getMessage()), e);
    }
  }

  private void execute(String what, String... statements) {
    try (Connection connection = connect();
        var statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    } catch (SQLException e) {
      throw new SandboxException(
          "PostgreSQL \"%s\" did not %s: %s.".formatted(name, what, e.getMessage()), e);
    }
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(jdbcUrl("postgres"), user(), password());
  }

  /** A slot, so that a standby that is down or slow finds the log where it left off. */
  private void keepLogFor(PostgresServer standby) {
    execute(
        "keep its log for \"" + standby.name + "\"",
        "SELECT pg_create_physical_replication_slot('%1$s', true) WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = '%1$s')"
            .formatted(standby.slot()));
  }

  private String slot() {
    return name.replace('-', '_');
  }

  /**
   * Creates a database unless it exists.
   *
   * @throws SandboxException when the server refuses
   */
  public void createDatabase(String name) {
    try (Connection connection = connect();
        var exists = connection.prepareStatement("SELECT 1 FROM pg_database WHERE datname = ?");
        var create = connection.createStatement()) {
      exists.setString(1, name);
      if (!exists.executeQuery().next()) {
        create.execute("CREATE DATABASE " + '"' + name.replace("\"", "\"\"") + '"');
      }
    } catch (SQLException e) {
      throw new SandboxException(
          "PostgreSQL did not create the database \"%s\": %s.".formatted(name, e.getMessage()), e);
    }
  }

  @Override
  public synchronized void start() {
    if (process != null && process.isAlive()) {
      return;
    }
    process = null;
    Ports.requireFree(Server.POSTGRES, port);
    try {
      createCluster();
      cluster.endStalePostmaster();
      writeSettings();
      cluster.own();
      long deadline = System.nanoTime() + ORPHANS_BOUND.toNanos();
      while (!startOnce(deadline)) {
        Wait.pause();
      }
    } catch (IOException e) {
      throw new SandboxException("PostgreSQL did not start: " + e.getMessage() + ".", e);
    } catch (SandboxException e) {
      kill();
      throw e;
    }
  }

  @Override
  public synchronized void stop() {
    Process running = process;
    if (running == null) {
      return;
    }
    // A replication connection that confirms nothing would keep a fast shutdown waiting.
    try {
      cluster.askToStop(STOP_BOUND);
      running.waitFor(STOP_BOUND.toMillis(), TimeUnit.MILLISECONDS);
    } catch (IOException e) {
      // Then by force: what is committed is safe.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kill();
  }

  @Override
  public synchronized void kill() {
    if (process != null) {
      data.processes().kill(process);
      process = null;
    }
  }

  private void createCluster() throws IOException {
    if (cluster.exists()) {
      return;
    }
    if (upstream == null) {
      cluster.create();
    } else {
      copyCluster(upstream);
    }
  }

  private void copyCluster(PostgresServer from) throws IOException {
    from.keepLogFor(this);
    try (Connection connection = from.connect()) {
      cluster.copy(from.cluster, connection);
    } catch (SQLException e) {
      throw new SandboxException(
          "PostgreSQL \"%s\" was not copied from \"%s\": %s."
              .formatted(name, from.name, e.getMessage()),
          e);
    }
  }

  private void writeSettings() throws IOException {
    cluster.writeSettings(upstream == null ? "" : standbySettings(upstream));
  }

  private String standbySettings(PostgresServer from) {
    return """

    # Only while standby.signal is there.
    primary_conninfo = 'host=127.0.0.1 port=%d user=%s application_name=%s'
    primary_slot_name = '%s'
    wal_retrieve_retry_interval = 100ms
    """
        .formatted(from.port, USER, name, slot());
  }

  /**
   * Returns false when the server did not start because processes of a killed one are still about
   * to end.
   */
  private boolean startOnce(long deadline) throws IOException {
    LogFile log = cluster.log();
    Process started = cluster.launch(port, log);
    process = started;
    try {
      ChildProcesses.awaitReady(
          Server.POSTGRES, started, log, START_BOUND, () -> cluster.isReady(started.pid()));
      return true;
    } catch (SandboxException e) {
      kill();
      if (log.contains("pre-existing shared memory block") && System.nanoTime() < deadline) {
        return false;
      }
      throw e;
    }
  }
}
