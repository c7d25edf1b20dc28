package dev.hearth.client;

import dev.hearth.sandbox.Wait;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waiting for what gives no notice, with one generous bound. */
public final class Eventually {
  public static final Duration BOUND = Duration.ofSeconds(60);

  private Eventually() {}

  public static void eventually(String what, BooleanSupplier condition) {
    if (!Wait.until(BOUND, condition)) {
      throw new AssertionError("not within " + BOUND + ": " + what);
    }
  }

  /** Until a thread waits for another one: the only sign that it joined a flight. */
  public static void eventuallyWaits(Thread thread) {
    eventually(thread.getName() + " waits", () -> thread.getState() == Thread.State.WAITING);
  }
}
