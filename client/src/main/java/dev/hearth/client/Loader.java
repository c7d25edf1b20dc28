package dev.hearth.client;

import java.util.Optional;

/**
 * Reads a value where it is true: on the primary, in the thread of the caller whose flight it is.
 *
 * <p>What a fill rests on is that the loader sees every transaction that was visible when it began.
 * So it opens a transaction of its own or reads in autocommit: no ORM session older than the call,
 * no REPEATABLE READ snapshot older than the call, no transaction that writes, no replica. It puts
 * its own bound on how long it takes; callers of the same key wait for it. It may read other keys
 * through a cache, but not the key that it loads.
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
}
