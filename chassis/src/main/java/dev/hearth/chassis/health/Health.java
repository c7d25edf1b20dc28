package dev.hearth.chassis.health;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What a service says about itself. Alive: every main loop turns; only a restart cures the
 * opposite, so a broker or a database that is away never makes it fail. Ready: every named check
 * passes. Thread-safe.
 */
public final class Health {

  /**
   * Every check of one kind, by name.
   *
   * @param fine whether all are
   */
  public record Report(boolean fine, List<Check> checks) {
    /** Keeps a copy of the checks. */
    public Report {
      checks = List.copyOf(checks);
    }

    static Report of(Collection<Check> checks) {
      return new Report(checks.stream().allMatch(Check::fine), List.copyOf(checks));
    }

    /** The checks that failed. */
    public List<Check> failed() {
      return checks.stream().filter(check -> !check.fine()).toList();
    }
  }

  private final LongSupplier nanoTime;
  private final Map<String, Heartbeat> heartbeats = new ConcurrentSkipListMap<>();
  private final Map<String, Supplier<Readiness>> readiness = new ConcurrentSkipListMap<>();

  /** Health on the monotonic clock of this machine. */
  public Health() {
    this(System::nanoTime);
  }

  /**
   * @param nanoTime monotonic nanoseconds, as {@link System#nanoTime}
   */
  public Health(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Watches a main loop from now on; now counts as its first beat. A loop that starts again under
   * its name takes the place of the former one.
   *
   * @param bound longest silence of a loop that lives, above zero
   */
  public Heartbeat heartbeat(String name, Duration bound) {
    if (bound.isNegative() || bound.isZero()) {
      throw new IllegalArgumentException(name + ": bound " + bound + "; expected more than zero");
    }
    // The former loop's close must not take the new one's place away.
    Heartbeat[] self = new Heartbeat[1];
    self[0] = new Heartbeat(name, bound, nanoTime, () -> heartbeats.remove(name, self[0]));
    heartbeats.put(name, self[0]);
    return self[0];
  }

  /**
   * Adds a readiness check; one of the same name takes the place of the former. It is asked on each
   * request, from any thread, and should answer from memory. A check that throws is not ready.
   */
  public void readiness(String name, Supplier<Readiness> check) {
    readiness.put(name, check);
  }

  /** Whether every main loop turns. */
  public Report live() {
    return Report.of(heartbeats.values().stream().map(Heartbeat::check).toList());
  }

  /** Whether every readiness check passes. */
  public Report ready() {
    return Report.of(
        readiness.entrySet().stream().map(e -> ask(e.getKey(), e.getValue())).toList());
  }

  private static Check ask(String name, Supplier<Readiness> check) {
    try {
      Readiness found = check.get();
      return new Check(name, found.ready(), found.sentence());
    } catch (RuntimeException failure) {
      return new Check(name, false, "the check itself failed: " + failure.getClass().getName());
    }
  }
}
