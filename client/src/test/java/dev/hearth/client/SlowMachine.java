package dev.hearth.client;

import dev.hearth.store.redis.RedisStore;
import java.time.Duration;

/**
 * Limits for tests of what is answered, not of how long that may take: where a machine stops for
 * some seconds, a read must neither pass by the store nor lose its lease.
 */
public final class SlowMachine {
  public static final Duration STORE_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration LEASE_TIME = Duration.ofMinutes(5);

  private SlowMachine() {}

  public static RedisStore.Options redis() {
    RedisStore.Options defaults = RedisStore.Options.defaults();
    return new RedisStore.Options(
        LEASE_TIME,
        STORE_TIMEOUT,
        defaults.advanceEvery(),
        defaults.tokens(),
        defaults.incarnations(),
        defaults.foreign());
  }
}
