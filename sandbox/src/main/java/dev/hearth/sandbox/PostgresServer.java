package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
  private static final Duration INITDB_BOUND = Duration.ofSeconds(90);
  private static final Duration STOP_BOUND = Duration.ofSeconds(5);
  private static final Duration ORPHANS_BOUND = Duration.ofSeconds(20);
  private static final Duration PROMOTION_BOUND = Duration.ofSeconds(60);
  private static final Duration RELOAD_BOUND = Duration.ofSeconds(60);
  private static final String REPLAY_DELAY =
      "SELECT setting FROM pg_settings WHERE name = 'recovery_min_apply_delay'";
  private static final String USER = "postgres";

  private final DataDirectory data;
  private final Path directory;
  private final Path cluster;
  private final int port;
  private final String name;
  private @Nullable PostgresServer upstream;
  private @Nullable Installation installation;
  private @Nullable Process process;

  PostgresServer(DataDirectory data, int port) {
    this(data, port, "postgres", null);
  }

  private PostgresServer(
      DataDirectory data, int port, String name, @Nullable PostgresServer upstream) {
    this.data = data;
    this.directory = data.subdirectory(name);
    this.cluster = directory.resolve("data");
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
      Installation ready = install();
      endStalePostmaster();
      writeSettings();
      ready.account.own(directory);
      long deadline = System.nanoTime() + ORPHANS_BOUND.toNanos();
      while (!startOnce(ready, deadline)) {
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
    if (running == null || installation == null) {
      return;
    }
    // A replication connection that confirms nothing would keep a fast shutdown waiting.
    try {
      Process stopping =
          new ProcessBuilder(
                  installation.command(
                      "pg_ctl", "stop", "-D", cluster.toString(), "-m", "fast", "-W"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      stopping.waitFor(STOP_BOUND.toMillis(), TimeUnit.MILLISECONDS);
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

  private Installation install() throws IOException {
    if (installation == null) {
      installation =
          new Installation(PostgresBinaries.unpack(data), PostgresAccount.choose(directory));
    }
    if (!Files.exists(cluster)) {
      if (upstream == null) {
        createCluster(installation);
      } else {
        copyCluster(upstream);
      }
    }
    return installation;
  }

  /** Into another directory first, so that a cluster is there whole or not at all. */
  private void copyCluster(PostgresServer from) throws IOException {
    Path partial = directory.resolve("data.partial");
    DataDirectory.delete(partial);
    from.keepLogFor(this);
    try (Connection connection = from.connect()) {
      BaseBackup.copy(connection, from.cluster, partial);
    } catch (SQLException e) {
      throw new SandboxException(
          "PostgreSQL \"%s\" was not copied from \"%s\": %s."
              .formatted(name, from.name, e.getMessage()),
          e);
    }
    Files.createFile(partial.resolve("standby.signal"));
    Files.move(partial, cluster);
  }

  /** Into another directory first, so that a cluster is there whole or not at all. */
  private void createCluster(Installation installed) throws IOException {
    Path partial = directory.resolve("data.partial");
    DataDirectory.delete(partial);
    installed.account.own(directory);
    LogFile log = LogFile.appendingTo(directory.resolve("initdb.log"));
    Process initdb =
        data.processes()
            .launch(
                environment(
                        installed.command(
                            "initdb",
                            "--pgdata=" + partial,
                            "--username=" + USER,
                            "--auth=trust",
                            "--encoding=UTF8",
                            "--locale=C",
                            "--locale-provider=builtin",
                            "--builtin-locale=C.UTF-8",
                            "--no-sync",
                            "--no-instructions"))
                    .redirectErrorStream(true)
                    .redirectOutput(log.redirect()));
    try {
      boolean ended = Wait.until(INITDB_BOUND, () -> !initdb.isAlive());
      if (!ended || initdb.exitValue() != 0) {
        throw ChildProcesses.failure(
            Server.POSTGRES,
            ended ? "initdb ended with status " + initdb.exitValue() : "initdb takes too long",
            log);
      }
    } finally {
      data.processes().kill(initdb);
    }
    Files.writeString(
        partial.resolve("postgresql.conf"), "include 'hearth.conf'\n", StandardOpenOption.APPEND);
    Files.move(partial, cluster);
  }

  /** Settings in a file, so that ALTER SYSTEM still has the last word. */
  private void writeSettings() throws IOException {
    Files.writeString(
        cluster.resolve("hearth.conf"),
        """
        # Written at each start of the sandbox.
        listen_addresses = '127.0.0.1'
        unix_socket_directories = ''
        max_connections = 200
        timezone = 'UTC'
        log_timezone = 'UTC'
        log_line_prefix = '%m [%p] '

        wal_level = logical
        max_wal_senders = 20
        max_replication_slots = 20
        max_prepared_transactions = 10
        wal_sender_timeout = 30s

        # A commit is in the log before the client hears of it; the log is not forced to the disk.
        synchronous_commit = on
        fsync = off
        full_page_writes = off
        """
            + (upstream == null ? "" : standbySettings(upstream)));
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
  private boolean startOnce(Installation installed, long deadline) throws IOException {
    LogFile log = LogFile.appendingTo(directory.resolve("postgres.log"));
    Process started =
        data.processes()
            .launch(
                environment(
                        installed.command(
                            "postgres", "-D", cluster.toString(), "-p", Integer.toString(port)))
                    .redirectErrorStream(true)
                    .redirectOutput(log.redirect()));
    process = started;
    try {
      ChildProcesses.awaitReady(
          Server.POSTGRES, started, log, START_BOUND, () -> isReady(started.pid()));
      return true;
    } catch (SandboxException e) {
      kill();
      if (log.contains("pre-existing shared memory block") && System.nanoTime() < deadline) {
        return false;
      }
      throw e;
    }
  }

  /** The postmaster keeps its state in the eighth line of its pid file: ready, or standby. */
  private boolean isReady(long pid) {
    List<String> lines = pidFile();
    return lines.size() >= 8
        && lines.get(0).strip().equals(Long.toString(pid))
        && (lines.get(7).strip().equals("ready") || lines.get(7).strip().equals("standby"));
  }

  private void endStalePostmaster() throws IOException {
    List<String> lines = pidFile();
    if (!lines.isEmpty()) {
      long pid = Long.parseLong(lines.get(0).strip());
      data.processes().endLeftover(pid);
      if (ProcessHandle.of(pid).isPresent()) {
        // The pid belongs to another program by now, which PostgreSQL would take for a postmaster.
        Files.deleteIfExists(cluster.resolve("postmaster.pid"));
      }
    }
  }

  private List<String> pidFile() {
    try {
      Path file = cluster.resolve("postmaster.pid");
      return Files.exists(file) ? Files.readAllLines(file, StandardCharsets.UTF_8) : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }

  private ProcessBuilder environment(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    return builder;
  }

  private record Installation(PostgresBinaries binaries, PostgresAccount account) {
    List<String> command(String program, String... arguments) {
      List<String> command = new ArrayList<>();
      command.add(binaries.program(program));
      command.addAll(List.of(arguments));
      return account.command(command);
    }
  }
}
