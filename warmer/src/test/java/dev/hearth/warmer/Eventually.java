package dev.hearth.warmer;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowingConsumer;

/** Waits for what other threads bring about, with one generous bound. */
public final class Eventually {
  private static final Duration BOUND = Duration.ofSeconds(30);

  private Eventually() {}

  /** Asks again until the assertion passes; at the bound its failure is the test's. */
  public static <T> T eventually(Supplier<T> actual, ThrowingConsumer<T> assertion) {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      T found = actual.get();
      try {
        assertion.accept(found);
        return found;
      } catch (AssertionError e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      }
    }
  }
}
