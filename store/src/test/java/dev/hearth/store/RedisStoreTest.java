package dev.hearth.store;

class RedisStoreTest extends StoreContract {
  @Override
  StoreUnderTest start() {
    return new RedisUnderTest();
  }
}
