package dev.hearth.client;

import dev.hearth.client.CacheMeters.Bypass;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Values as entries of the store: bytes, with a time to live. Thread-safe.
 *
 * @param random numbers from 0 to 1, for jitter
 * @param <V> what is cached
 */
record Entries<V>(
    BoundedStore store, Codec<V> codec, TimeToLive ttl, DoubleSupplier random, CacheMeters meters) {

  /**
   * Empty where the codec cannot read the entry. It is valid to the store, so nobody can fill it.
   */
  Optional<Answer<V>> decode(Value value) {
    Optional<byte[]> bytes = value.bytes();
    if (bytes.isEmpty()) {
      return Optional.of(Answer.hit(Optional.empty()));
    }
    try {
      return Optional.of(Answer.hit(Optional.of(codec.decode(bytes.get())), bytes.get().length));
    } catch (Exception e) {
      return Optional.empty();
    }
  }

  /** Says how large the encoded value is; 0 where there is none. */
  int fill(CacheKey key, Lease lease, Optional<V> loaded) {
    Value value;
    try {
      value = loaded.isPresent() ? Value.of(codec.encode(loaded.get())) : Value.absent();
    } catch (Exception e) {
      meters.bypassed(Bypass.UNENCODABLE);
      store.release(key, lease);
      return 0;
    }
    Duration life = ttl.of(value.isAbsent(), random.getAsDouble());
    Optional<FillOutcome> outcome = store.fill(key, lease, value, life);
    outcome.ifPresentOrElse(meters::filled, () -> meters.bypassed(Bypass.STORE_FAILURE));
    return value.bytes().map(bytes -> bytes.length).orElse(0);
  }
}
