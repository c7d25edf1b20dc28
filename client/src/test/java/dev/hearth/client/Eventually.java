package dev.hearth.client;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what gives no notice, with one generous bound. */
public final class Eventually {
  public static final Duration BOUND = Duration.ofSeconds(20);

  private Eventually() {}

  public static void eventually(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > BOUND.toNanos()) {
        throw new AssertionError("not within " + BOUND + ": " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Until a thread waits for another one: the only sign that it joined a flight. */
  public static void eventuallyWaits(Thread thread) {
    eventually(thread.getName() + " waits", () -> thread.getState() == Thread.State.WAITING);
  }
}
