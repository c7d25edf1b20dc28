package dev.hearth.client;

import java.util.Optional;

/**
 * Reads a value where it is true: on the primary, in the thread of the caller whose flight it is.
 *
 * <p>What a fill rests on is that the loader sees every transaction that was visible when it began.
 * So it opens a transaction of its own or reads in autocommit: no ORM session older than the call,
 * no REPEATABLE READ snapshot older than the call, no transaction that writes, no replica that has
 * not proven what {@link dev.hearth.client.jdbc.StandbyLoaders} makes it prove. It puts its own
 * bound on how long it takes; callers of the same key wait for it. It may read other keys through a
 * cache, but not the key that it loads.
 *
 * @param <V> what is cached; shared by all callers of a flight, so best immutable
 */
@FunctionalInterface
public interface Loader<V> {
  /**
   * The value of a key.
   *
   * @return empty where the database has no such row
   * @throws Exception as it comes: an unchecked one reaches the callers unchanged, a checked one
   *     inside a {@link LoaderException}
   */
  Optional<V> load(String key) throws Exception;

  /**
   * The value of a key, by a loader that knows more places than the primary; this is what a cache
   * calls. By default {@link #load(String)}.
   *
   * @param context where it may read
   */
  default Optional<V> load(String key, LoadContext context) throws Exception {
    return load(key);
  }
}
