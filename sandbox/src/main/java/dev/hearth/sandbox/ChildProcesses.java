package dev.hearth.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts and ends the processes of one data directory and keeps its list of them: the file {@code
 * processes}, one line each with pid, start and command. When the owner is killed, the list tells
 * the next one what to end. A line is believed only when pid, start and the data directory in the
 * command line fit, so a pid that was used again is safe. Safe for use by many threads.
 */
final class ChildProcesses {
  private static final Logger log = LoggerFactory.getLogger(ChildProcesses.class);
  private static final Duration END_BOUND = Duration.ofSeconds(20);
  private static final long TEXT_FILE_BUSY_ATTEMPTS = 100;

  /** What a JVM obeys beside its command line. */
  private static final Set<String> JVM_OPTIONS =
      Set.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  private final Path directory;
  private final Map<Long, String> lines = new LinkedHashMap<>();

  ChildProcesses(Path directory) {
    this.directory = directory;
  }

  /**
   * Starts a process that the list then names. It gets a session of its own where the system can: a
   * Ctrl-C on the terminal reaches every process of the session, and would end the servers before
   * their users. The JVM options of this process's environment are not for it: with the same
   * recording, agent or debug port two JVMs would be in each other's way.
   */
  Process launch(ProcessBuilder builder) throws IOException {
    List<String> command = new ArrayList<>();
    CommandPath.find("setsid").ifPresent(setsid -> command.add(setsid.toString()));
    command.addAll(builder.command());
    builder.command(command);
    builder.environment().keySet().removeAll(JVM_OPTIONS);
    Process process = startPatiently(builder);
    synchronized (this) {
      lines.put(
          process.pid(),
          ProcessIdentity.of(process.toHandle()) + " " + String.join(" ", builder.command()));
      write();
    }
    return process;
  }

  /** Ends the process and its children by SIGKILL and returns when they are gone. */
  void kill(Process process) {
    killTree(process.toHandle());
    forget(process);
  }

  /** Sends a signal, such as STOP, to a process. */
  static void signal(Process process, String signal) {
    try {
      Process kill =
          new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
              .redirectErrorStream(true)
              .start();
      String said = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (kill.waitFor() != 0) {
        throw new SandboxException(
            "Process %d did not take signal %s: %s."
                .formatted(process.pid(), signal, said.strip()));
      }
    } catch (IOException e) {
      throw new SandboxException(
          "Signal %s was not sent to process %d: %s.".formatted(signal, process.pid(), e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Strikes a process that has ended by itself from the list. */
  synchronized void forget(Process process) {
    lines.remove(process.pid());
    try {
      write();
    } catch (IOException e) {
      // A line too many does no harm: it no longer fits any process.
      log.debug("List of processes not written: directory={} error={}", directory, e.toString());
    }
  }

  /** Ends what an earlier owner of the directory has left running. */
  void endLeftovers() throws IOException {
    Path list = directory.resolve("processes");
    if (Files.exists(list)) {
      for (String line : Files.readAllLines(list, StandardCharsets.UTF_8)) {
        ProcessIdentity.parse(line)
            .flatMap(ProcessIdentity::running)
            .filter(this::worksHere)
            .ifPresent(ChildProcesses::killLeftover);
      }
      Files.delete(list);
    }
  }

  /** Ends the process of this pid when it works on this data directory. */
  void endLeftover(long pid) {
    ProcessHandle.of(pid).filter(this::worksHere).ifPresent(ChildProcesses::killLeftover);
  }

  /**
   * Waits until the server is ready.
   *
   * @throws SandboxException when the process ends first or the bound passes, with the last line of
   *     the log
   */
  static void awaitReady(
      Server server, Process process, LogFile logFile, Duration bound, BooleanSupplier ready) {
    boolean done =
        Wait.until(bound, () -> !process.isAlive() || ready.getAsBoolean()) && process.isAlive();
    if (!done) {
      throw failure(
          server,
          process.isAlive()
              ? "it is not ready after " + bound.toSeconds() + " s"
              : "its process ended with status " + process.exitValue(),
          logFile);
    }
  }

  static SandboxException failure(Server server, String what, LogFile logFile) {
    return new SandboxException(
        "%s did not start: %s. Last line of %s: \"%s\"."
            .formatted(server.title(), what, logFile.path(), logFile.lastLine()));
  }

  private boolean worksHere(ProcessHandle process) {
    return process
        .info()
        .commandLine()
        .filter(line -> line.contains(directory.toString()))
        .isPresent();
  }

  private static void killLeftover(ProcessHandle process) {
    log.info(
        "Ending a leftover: pid={} command={}",
        process.pid(),
        process.info().commandLine().orElse("unknown"));
    killTree(process);
  }

  private static void killTree(ProcessHandle root) {
    // The parent first: PostgreSQL takes a child that dies before it for a crash and starts others.
    List<ProcessHandle> tree = Stream.concat(Stream.of(root), root.descendants()).toList();
    tree.forEach(ProcessHandle::destroyForcibly);
    if (!Wait.until(END_BOUND, () -> tree.stream().noneMatch(ChildProcesses::holdsAnything))) {
      throw new SandboxException(
          "Processes %s did not end within %d s of SIGKILL; end them by hand."
              .formatted(
                  tree.stream()
                      .filter(ChildProcesses::holdsAnything)
                      .map(process -> Long.toString(process.pid()))
                      .collect(Collectors.joining(", ")),
                  END_BOUND.toSeconds()));
    }
  }

  static boolean holdsAnything(ProcessHandle process) {
    return process.isAlive() && !isZombie(process.pid());
  }

  /**
   * Orphans stay zombies until the first process of the system collects them, which in some
   * containers takes seconds and in some for ever. A zombie whose threads have all ended holds
   * neither files nor sockets.
   */
  private static boolean isZombie(long pid) {
    try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      String state = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      return state.startsWith("Z", state.lastIndexOf(')') + 2) && threads.count() <= 1;
    } catch (IOException | UncheckedIOException e) {
      // No such directory: another system, or the process has just gone.
      return false;
    }
  }

  /**
   * An executable file that this JVM has just written may for a moment be open for writing in a
   * process that another thread is starting; the system then answers "text file busy".
   */
  private static Process startPatiently(ProcessBuilder builder) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return builder.start();
      } catch (IOException e) {
        if (attempt == TEXT_FILE_BUSY_ATTEMPTS || !String.valueOf(e).contains("error=26")) {
          throw e;
        }
        Wait.pause();
      }
    }
  }

  private void write() throws IOException {
    Files.write(directory.resolve("processes"), lines.values(), StandardCharsets.UTF_8);
  }
}
