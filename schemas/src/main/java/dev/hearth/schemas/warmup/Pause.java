package dev.hearth.schemas.warmup;

import java.time.Instant;
import java.util.Optional;

/**
 * Warm-up runs are held until an operator resumes them. It stands on its topic, under its cache,
 * until then.
 *
 * @param cache of which; empty: of all
 * @param reason one sentence of the operator's, may be empty
 * @param since on the warmer's clock
 */
public record Pause(Optional<String> cache, String reason, Instant since) {
  /** The key of a pause of all caches; no cache has this name. */
  public static final String ALL = "*";

  /** What it stands under. */
  public String key() {
    return cache.orElse(ALL);
  }

  public boolean holds(String name) {
    return cache.map(name::equals).orElse(true);
  }
}
