package dev.hearth.store;

import dev.hearth.sandbox.Wait;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for what time brings. */
public final class Eventually {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private Eventually() {}

  public static void until(String what, BooleanSupplier condition) {
    if (!Wait.until(BOUND, condition)) {
      throw new AssertionError("not within " + BOUND.toSeconds() + " s: " + what);
    }
  }

  /** What a store that is coming back answers, as soon as it answers. */
  public static <T> T answered(Supplier<T> operation) {
    AtomicReference<T> answer = new AtomicReference<>();
    until(
        "the store answers",
        () -> {
          try {
            answer.set(operation.get());
            return true;
          } catch (CompletionException e) {
            return false;
          }
        });
    return Objects.requireNonNull(answer.get());
  }
}
