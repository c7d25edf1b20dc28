package dev.hearth.invalidator;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** The one way in which tests wait: ask again until it holds, within one generous bound. */
final class Eventually {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private Eventually() {}

  interface Assertion {
    void check() throws Exception;
  }

  static void eventually(Assertion assertion) throws Exception {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      try {
        assertion.check();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }
}
