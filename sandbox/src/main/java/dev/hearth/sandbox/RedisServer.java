package dev.hearth.sandbox;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One Redis that keeps nothing on disk, as a cache: after {@link #stop()} or {@link #kill()} it
 * comes back empty. Safe for use by many threads.
 */
public final class RedisServer implements Restartable {
  private static final Duration START_BOUND = Duration.ofSeconds(30);
  private static final long STOP_BOUND_SECONDS = 5;
  private static final int PING_TIMEOUT_MILLIS = 1_000;

  private final ChildProcesses processes;
  private final Path directory;
  private final int port;
  private @Nullable Path executable;
  private @Nullable Process process;

  RedisServer(DataDirectory data, int port) {
    this.processes = data.processes();
    this.directory = data.subdirectory("redis");
    this.port = port;
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
      if (executable == null) {
        executable = RedisExecutable.find(directory);
      }
      Process started =
          processes.launch(
              new ProcessBuilder(executable.toString(), writeConfiguration().toString())
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

  private Path writeConfiguration() throws IOException {
    return Files.writeString(
        directory.resolve("redis.conf"),
        """
        bind 127.0.0.1
        port %d
        dir "%s"
        save ""
        appendonly no
        daemonize no
        # The command line names the data directory, by which leftovers are recognised.
        set-proc-title no
        """
            .formatted(port, directory));
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
