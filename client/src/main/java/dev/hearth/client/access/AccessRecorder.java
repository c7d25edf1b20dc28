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

  /** Forgets everything. */
  static AccessRecorder none() {
    return Nobody.INSTANCE;
  }
}
