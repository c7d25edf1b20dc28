package dev.hearth.warmer.sample;

import java.util.List;

/** Walks over the keys of a store, a few at a time, round after round. For one thread. */
interface KeySampler extends AutoCloseable {

  /**
   * A key that was come by.
   *
   * @param readsPerSecond as the store's statistics say; above zero
   */
  record Sighting(String cache, String key, double readsPerSecond) {}

  /**
   * What one step came by.
   *
   * @param keysPerRound that the store has now, about: after so many a key is come by again
   */
  record Step(List<Sighting> sightings, long keysPerRound) {
    public Step {
      sightings = List.copyOf(sightings);
    }
  }

  /**
   * Looks at some more keys.
   *
   * @param most keys to look at, about; at least 1
   * @throws SamplingException with one sentence that says why it cannot and what to do
   */
  Step next(int most) throws SamplingException;

  @Override
  void close();
}
