package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The files of one PostgreSQL (its data, settings and logs) and the programs that work on them. Not
 * thread-safe.
 */
final class PostgresCluster {
  private static final Duration INITDB_BOUND = Duration.ofSeconds(90);

  private final DataDirectory data;
  private final Path directory;
  private final Path cluster;
  private @Nullable Installation installation;

  /**
   * For one server.
   *
   * @param name of its subdirectory
   */
  PostgresCluster(DataDirectory data, String name) {
    this.data = data;
    this.directory = data.subdirectory(name);
    this.cluster = directory.resolve("data");
  }

  boolean exists() {
    return Files.exists(cluster);
  }

  /** Makes an empty one. Into another directory first, so that it is there whole or not at all. */
  void create() throws IOException {
    Path partial = directory.resolve("data.partial");
    DataDirectory.delete(partial);
    own();
    LogFile log = LogFile.appendingTo(directory.resolve("initdb.log"));
    Process initdb =
        data.processes()
            .launch(
                environment(
                        installed()
                            .command(
                                "initdb",
                                "--pgdata=" + partial,
                                "--username=" + PostgresServer.USER,
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

  /**
   * Makes a standby's, as a copy of another one. Into another directory first, so that it is there
   * whole or not at all.
   *
   * @param connection to the server of the other one
   */
  void copy(PostgresCluster from, Connection connection) throws IOException, SQLException {
    Path partial = directory.resolve("data.partial");
    DataDirectory.delete(partial);
    BaseBackup.copy(connection, from.cluster, partial);
    Files.createFile(partial.resolve("standby.signal"));
    Files.move(partial, cluster);
  }

  /**
   * Writes settings into a file, so that ALTER SYSTEM still has the last word.
   *
   * @param more lines beside those that every server of the sandbox has
   */
  void writeSettings(String more) throws IOException {
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
            + more);
  }

  /** Gives the files to the account under which the server runs. */
  void own() throws IOException {
    installed().account.own(directory);
  }

  /** The log of the server, from here on. */
  LogFile log() {
    return LogFile.appendingTo(directory.resolve("postgres.log"));
  }

  /** Starts the server; it is not ready yet. */
  Process launch(int port, LogFile log) throws IOException {
    return data.processes()
        .launch(
            environment(
                    installed()
                        .command(
                            "postgres", "-D", cluster.toString(), "-p", Integer.toString(port)))
                .redirectErrorStream(true)
                .redirectOutput(log.redirect()));
  }

  /**
   * Asks the server to stop, sessions or not.
   *
   * @param bound how long the asking may take; the stop itself is not waited for
   */
  void askToStop(Duration bound) throws IOException, InterruptedException {
    Process stopping =
        new ProcessBuilder(
                installed().command("pg_ctl", "stop", "-D", cluster.toString(), "-m", "fast", "-W"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    stopping.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The postmaster keeps its state in the eighth line of its pid file: ready, or standby. */
  boolean isReady(long pid) {
    List<String> lines = pidFile();
    return lines.size() >= 8
        && lines.get(0).strip().equals(Long.toString(pid))
        && (lines.get(7).strip().equals("ready") || lines.get(7).strip().equals("standby"));
  }

  /** Ends what an earlier owner of these files left running. */
  void endStalePostmaster() throws IOException {
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

  private Installation installed() throws IOException {
    if (installation == null) {
      installation =
          new Installation(PostgresBinaries.unpack(data), PostgresAccount.choose(directory));
    }
    return installation;
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
