package dev.hearth.sandbox;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.Assertions;

/** Waiting in tests: one bound, far above what any test needs. */
final class Eventually {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private Eventually() {}

  static void eventually(String what, BooleanSupplier condition) {
    Assertions.assertThat(Wait.until(BOUND, condition)).as(what).isTrue();
  }
}
