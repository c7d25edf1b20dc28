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
 * One PostgreSQL with logical decoding on. What is committed and every replication slot outlive
 * {@link #kill()}; only a crash of the whole machine may lose data, because fsync is off. Safe for
 * use by many threads.
 */
public final class PostgresServer implements Restartable {
  private static final Duration START_BOUND = Duration.ofSeconds(90);
  private static final Duration INITDB_BOUND = Duration.ofSeconds(90);
  private static final Duration STOP_BOUND = Duration.ofSeconds(5);
  private static final Duration ORPHANS_BOUND = Duration.ofSeconds(20);
  private static final String USER = "postgres";

  private final DataDirectory data;
  private final Path directory;
  private final Path cluster;
  private final int port;
  private @Nullable Installation installation;
  private @Nullable Process process;

  PostgresServer(DataDirectory data, int port) {
    this.data = data;
    this.directory = data.subdirectory("postgres");
    this.cluster = directory.resolve("data");
    this.port = port;
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

  /**
   * Creates a database unless it exists.
   *
   * @throws SandboxException when the server refuses
   */
  public void createDatabase(String name) {
    try (Connection connection =
            DriverManager.getConnection(jdbcUrl("postgres"), user(), password());
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
      createCluster(installation);
    }
    return installation;
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
        wal_sender_timeout = 30s

        # A commit is in the log before the client hears of it; the log is not forced to the disk.
        synchronous_commit = on
        fsync = off
        full_page_writes = off
        """);
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

  /** The postmaster keeps its state in the eighth line of its pid file. */
  private boolean isReady(long pid) {
    List<String> lines = pidFile();
    return lines.size() >= 8
        && lines.get(0).strip().equals(Long.toString(pid))
        && lines.get(7).strip().equals("ready");
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
