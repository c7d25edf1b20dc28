package dev.hearth.guarantees;

import dev.hearth.sandbox.Wait;
import java.time.Duration;

/** The one way in which tests of this module wait: one generous bound. */
final class Eventually {
  private static final Duration BOUND = Duration.ofSeconds(120);

  private Eventually() {}

  static void eventually(Wait.Assertion assertion) throws Exception {
    Wait.untilHolds(BOUND, assertion);
  }
}
