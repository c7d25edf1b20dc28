package dev.hearth.client.access;

/**
 * Is told of every read of every cache. Called by readers on their way: thread-safe, never blocks,
 * never throws.
 */
public interface AccessRecorder {
  /** A read that the store answered. */
  void hit(String cache, String key);

  /**
   * A read that the store did not answer.
   *
   * @param loadNanos that the loader took in nanoseconds; 0 where the load was another reader's, or
   *     failed
   */
  void miss(String cache, String key, long loadNanos);

  /**
   * A read that the store answered.
   *
   * @param bytes size of the value as it is stored; 0 where that is not known
   */
  default void hit(String cache, String key, int bytes) {
    hit(cache, key);
  }

  /**
   * A read that the store did not answer.
   *
   * @param loadNanos as in {@link #miss(String, String, long)}
   * @param bytes size of the value as it is stored; 0 where that is not known
   */
  default void miss(String cache, String key, long loadNanos, int bytes) {
    miss(cache, key, loadNanos);
  }

  /** Forgets everything. */
  static AccessRecorder none() {
    return Nobody.INSTANCE;
  }
}
