package dev.hearth.store;

/** As {@link HazelcastStoreTest}, for a process that is a member itself. */
class HazelcastEmbeddedStoreTest extends StoreContract {
  @Override
  StoreUnderTest start() {
    return new HazelcastUnderTest(true);
  }
}
