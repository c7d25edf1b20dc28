package dev.hearth.warmer.run;

import dev.hearth.schemas.position.Position;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.List;

/**
 * A cache's loader that is left alone for a while after its query failed, or took too long, three
 * times in a row: neither the present run nor the next one goes on asking a database that suffers.
 * After the rest, one query tries. Thread-safe.
 */
final class LoadBreaker implements BatchLoader {
  private static final int IN_A_ROW = 3;

  private final String cache;
  private final BatchLoader loader;
  private final Duration rest;
  private final CircuitBreaker breaker;

  /**
   * @param slow a query that takes as long as this counts as failed, though its rows are used
   * @param rest how long the database is not asked, at least a millisecond
   */
  LoadBreaker(String cache, BatchLoader loader, Duration slow, Duration rest) {
    this.cache = cache;
    this.loader = loader;
    this.rest = rest;
    this.breaker =
        CircuitBreaker.of(
            cache,
            CircuitBreakerConfig.custom()
                .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                .slidingWindowSize(IN_A_ROW)
                .minimumNumberOfCalls(IN_A_ROW)
                .failureRateThreshold(100)
                .slowCallRateThreshold(100)
                .slowCallDurationThreshold(slow)
                .permittedNumberOfCallsInHalfOpenState(1)
                .waitDurationInOpenState(rest)
                .build());
  }

  @Override
  public Loaded load(List<String> keys, Position floor) {
    try {
      return breaker.executeSupplier(() -> loader.load(keys, floor));
    } catch (CallNotPermittedException e) {
      throw new IllegalStateException(
          "the load query of cache \""
              + cache
              + "\" failed or was too slow "
              + IN_A_ROW
              + " times in a row, so it is not asked for "
              + rest.toMillis()
              + " ms; try it with psql",
          e);
    }
  }
}
