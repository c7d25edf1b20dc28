package dev.hearth.store;

class HazelcastStoreTest extends StoreContract {
  @Override
  StoreUnderTest start() {
    return new HazelcastUnderTest();
  }
}
