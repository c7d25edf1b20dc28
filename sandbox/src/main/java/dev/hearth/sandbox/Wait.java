package dev.hearth.sandbox;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what gives no notice, such as a line in a file, or what servers do in a test. */
public final class Wait {
  private Wait() {}

  /** What is asked again until it holds: until it throws no {@link AssertionError}. */
  @FunctionalInterface
  public interface Assertion {
    void check() throws Exception;
  }

  /** Returns true as soon as the condition holds, false when the bound passes first. */
  public static boolean until(Duration bound, BooleanSupplier condition) {
    long deadline = System.nanoTime() + bound.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      pause();
    }
    return true;
  }

  /**
   * Returns as soon as the assertion holds.
   *
   * @throws AssertionError what it threw last, when the bound passes first
   * @throws Exception what it throws else, at once
   */
  public static void untilHolds(Duration bound, Assertion assertion) throws Exception {
    long deadline = System.nanoTime() + bound.toNanos();
    while (true) {
      try {
        assertion.check();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() - deadline > 0) {
          throw e;
        }
      }
      pause();
    }
  }

  static void pause() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
  }
}
