package dev.hearth.sandbox;

import java.time.Instant;
import java.util.Optional;

/**
 * A process that can be recognised later: a pid alone may by then belong to another process.
 *
 * @param pid the number the system gave it
 * @param startMillis when it started, in milliseconds since 1970, or 0 when the system did not say
 */
record ProcessIdentity(long pid, long startMillis) {
  // Linux derives the start from a boot time in whole seconds that moves when the clock is
  // corrected.
  private static final long TOLERANCE_MILLIS = 2_000;

  static ProcessIdentity of(ProcessHandle process) {
    return new ProcessIdentity(process.pid(), startMillis(process));
  }

  static Optional<ProcessIdentity> parse(String line) {
    String[] fields = line.strip().split(" ", 3);
    try {
      return fields.length < 2
          ? Optional.empty()
          : Optional.of(new ProcessIdentity(Long.parseLong(fields[0]), Long.parseLong(fields[1])));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** The process, when it still runs. */
  Optional<ProcessHandle> running() {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(process -> Math.abs(startMillis(process) - startMillis) <= TOLERANCE_MILLIS);
  }

  @Override
  public String toString() {
    return pid + " " + startMillis;
  }

  private static long startMillis(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }
}
