package dev.hearth.cli.shop.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Gives the database a processor for itself, as if it were a machine apart: else a run slows it
 * only by being on the same one. By {@code taskset} of util-linux, so on Linux alone.
 */
public final class Processors {
  private static final long LONGEST_SECONDS = 10;
  private static final String DATABASE = "0";

  private Processors() {}

  /** Why this machine cannot do so; empty where it can. */
  public static Optional<String> problem() {
    int count = Runtime.getRuntime().availableProcessors();
    if (count < 2) {
      return Optional.of("--apart needs at least 2 processors; this machine has " + count);
    }
    try {
      pin(ProcessHandle.current(), DATABASE + "-" + (count - 1));
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("--apart needs taskset, which is part of util-linux on Linux: " + e);
    }
  }

  /** Moves the PostgreSQL that this process started to one processor, all else to the others. */
  public static void apart() throws IOException {
    String others = "1-" + (Runtime.getRuntime().availableProcessors() - 1);
    List<ProcessHandle> tree =
        Stream.concat(Stream.of(ProcessHandle.current()), ProcessHandle.current().descendants())
            .toList();
    for (ProcessHandle process : tree) {
      pin(process, isPostgres(process) ? DATABASE : others);
    }
  }

  private static boolean isPostgres(ProcessHandle process) {
    return process.info().command().filter(command -> command.endsWith("/postgres")).isPresent();
  }

  /**
   * Keeps a process, its threads, and what it starts from now on to some processors; one that has
   * ended is no error.
   *
   * @param processors as taskset writes them: 0, 1-3
   */
  static void pin(ProcessHandle process, String processors) throws IOException {
    List<String> command = new ArrayList<>(List.of("taskset", "-a", "-c", "-p", processors));
    command.add(Long.toString(process.pid()));
    Process taskset =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!taskset.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
        taskset.destroyForcibly();
        throw new IOException(String.join(" ", command) + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    if (taskset.exitValue() != 0 && process.isAlive()) {
      throw new IOException(String.join(" ", command) + " ended with " + taskset.exitValue());
    }
  }
}
