package dev.hearth.sandbox;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One Redis that keeps nothing on disk, as a cache: after {@link #stop()} or {@link #kill()} it
 * comes back empty, or as a client's SAVE left it. Safe for use by many threads.
 */
public final class RedisServer implements Restartable {
  private static final Duration START_BOUND = Duration.ofSeconds(30);
  private static final long STOP_BOUND_SECONDS = 5;
  private static final int PING_TIMEOUT_MILLIS = 1_000;

  /** What a Redis process is to be. */
  enum Role {
    SERVER(
        """
        save ""
        appendonly no
        """),
    SENTINEL("");

    private final String settings;

    Role(String settings) {
      this.settings = settings;
    }
  }

  private final ChildProcesses processes;
  private final RedisExecutable executable;
  private final Path directory;
  private final int port;
  private final Role role;
  private final List<String> settings;
  private @Nullable Process process;

  /**
   * Names a server; nothing is started yet.
   *
   * @param name of its subdirectory
   * @param settings lines of its configuration, beyond those that every server of the sandbox has
   */
  RedisServer(
      DataDirectory data,
      RedisExecutable executable,
      String name,
      int port,
      Role role,
      List<String> settings) {
    this.processes = data.processes();
    this.executable = executable;
    this.directory = data.subdirectory(name);
    this.port = port;
    this.role = role;
    this.settings = List.copyOf(settings);
  }

  @Override
  public Server server() {
    return Server.REDIS;
  }

  @Override
  public int port() {
    return port;
  }

  /** Where clients connect, {@code redis://127.0.0.1:PORT}. */
  public String uri() {
    return "redis://127.0.0.1:" + port;
  }

  @Override
  public synchronized void start() {
    if (process != null && process.isAlive()) {
      return;
    }
    Ports.requireFree(Server.REDIS, port);
    LogFile log = LogFile.appendingTo(directory.resolve("redis.log"));
    try {
      List<String> command = new ArrayList<>();
      command.add(executable.path().toString());
      command.add(writeConfiguration().toString());
      if (role == Role.SENTINEL) {
        command.add("--sentinel");
      }
      Process started =
          processes.launch(
              new ProcessBuilder(command)
                  .directory(directory.toFile())
                  .redirectErrorStream(true)
                  .redirectOutput(log.redirect()));
      process = started;
      ChildProcesses.awaitReady(Server.REDIS, started, log, START_BOUND, this::answers);
    } catch (IOException e) {
      throw new SandboxException("Redis did not start: " + e.getMessage() + ".", e);
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
    running.destroy();
    try {
      running.waitFor(STOP_BOUND_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kill();
  }

  @Override
  public synchronized void kill() {
    if (process != null) {
      processes.kill(process);
      process = null;
    }
  }

  /**
   * Stops the process as it stands (SIGSTOP), as a long pause of its machine would: it keeps its
   * connections and answers nobody until {@link #resume()}.
   */
  public void pause() {
    signal("STOP");
  }

  /** Lets a paused process go on. */
  public void resume() {
    signal("CONT");
  }

  private synchronized void signal(String signal) {
    if (process == null) {
      throw new IllegalStateException("Redis on port " + port + " is down; start it first.");
    }
    ChildProcesses.signal(process, signal);
  }

  private Path writeConfiguration() throws IOException {
    return Files.writeString(
        directory.resolve("redis.conf"),
        """
        bind 127.0.0.1
        port %d
        dir "%s"
        daemonize no
        # The command line names the data directory, by which leftovers are recognised.
        set-proc-title no
        %s%s
        """
            .formatted(port, directory, role.settings, String.join("\n", settings)));
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(Ports.localhost(port), PING_TIMEOUT_MILLIS);
      socket.setSoTimeout(PING_TIMEOUT_MILLIS);
      socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes("+PONG".length());
      return new String(answer, StandardCharsets.US_ASCII).equals("+PONG");
    } catch (IOException e) {
      return false;
    }
  }
}
