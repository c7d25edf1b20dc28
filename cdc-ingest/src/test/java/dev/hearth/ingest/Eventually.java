package dev.hearth.ingest;

import dev.hearth.sandbox.Wait;
import java.time.Duration;

/** The one way in which tests of this module wait: one generous bound. */
final class Eventually {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private Eventually() {}

  static void eventually(Wait.Assertion assertion) throws Exception {
    Wait.untilHolds(BOUND, assertion);
  }
}
