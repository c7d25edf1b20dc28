package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.store.FencedStore;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** R1: a fill that an invalidation overtook is refused, however long the filler paused. */
class LateFillTest {

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aFillerThatPausedWhileTheRowChangedStoresNothing(String storeName) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'old', 10)");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, storeName);
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", storeName);
      CountDownLatch hasRead = new CountDownLatch(1);
      CountDownLatch mayFill = new CountDownLatch(1);
      CompletableFuture<Optional<String>> filler =
          CompletableFuture.supplyAsync(
              () ->
                  products.get(
                      shop.product(1),
                      key -> {
                        Optional<String> read = shop.productName().load(key);
                        hasRead.countDown();
                        mayFill.await();
                        return read;
                      }));
      assertThat(hasRead.await(60, TimeUnit.SECONDS)).isTrue();

      shop.execute("update product set name = 'new' where id = 1");
      shop.awaitApplied(store, shop.product(1), shop.now());
      mayFill.countDown();

      assertThat(filler.get(60, TimeUnit.SECONDS)).contains("old");
      assertThat(shop.cached(store, "product", shop.product(1))).isEmpty();
      CoherentCache<String> later = shop.cache(services, "product", storeName);
      eventually(
          () -> {
            assertThat(later.get(shop.product(1), shop.productName())).contains("new");
            assertThat(shop.cached(store, "product", shop.product(1))).contains("new");
          });
    }
  }
}
