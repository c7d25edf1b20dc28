package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.store.FencedStore;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A change empties each store of exactly the right keys, old and new. */
class ExactInvalidationTest {

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aMovedRowTouchesItsOwnKeyAndBothParentsAndNothingElse(String storeName) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'cup', 10), (2, 'pot', 20)");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, storeName);
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", storeName);
      CoherentCache<String> categories = shop.cache(services, "category", storeName);
      for (int id = 1; id <= 2; id++) {
        shop.fill(products, "product", store, shop.product(id), shop.productName());
      }
      for (int id : new int[] {10, 11, 20}) {
        shop.fill(categories, "category", store, shop.category(id), key -> Optional.of("page"));
      }

      shop.execute("update product set category_id = 11 where id = 1");

      eventually(
          () -> {
            assertThat(shop.cached(store, "product", shop.product(1))).isEmpty();
            assertThat(shop.cached(store, "category", shop.category(10))).isEmpty();
            assertThat(shop.cached(store, "category", shop.category(11))).isEmpty();
          });
      shop.awaitApplied(store, shop.product(2), shop.now());
      shop.awaitApplied(store, shop.category(20), shop.now());
      assertThat(shop.cached(store, "product", shop.product(2))).contains("pot");
      assertThat(shop.cached(store, "category", shop.category(20))).contains("page");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aChangeOfAColumnThatNoRuleReadsTouchesNothing(String storeName) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'cup', 10), (2, 'pot', 20)");
      shop.execute("insert into price values (1, 5, 'a'), (2, 6, 'b')");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, storeName);
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", storeName);
      shop.fill(products, "product", store, shop.product(1), shop.productName());
      shop.fill(products, "product", store, shop.product(2), shop.productName());

      shop.execute("update price set note = 'c' where product_id = 1");
      shop.execute("update price set amount = 7 where product_id = 2");

      eventually(() -> assertThat(shop.cached(store, "product", shop.product(2))).isEmpty());
      shop.awaitApplied(store, shop.product(1), shop.now());
      assertThat(shop.cached(store, "product", shop.product(1))).contains("cup");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aTruncateVoidsTheCachesOfTheTable(String storeName) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'cup', 10)");
      shop.execute("insert into category values (10, 'kitchen')");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, storeName);
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", storeName);
      CoherentCache<String> categories = shop.cache(services, "category", storeName);
      shop.fill(products, "product", store, shop.product(1), shop.productName());
      shop.fill(categories, "category", store, shop.category(10), key -> Optional.of("page"));

      shop.execute("truncate price");

      eventually(() -> assertThat(shop.cached(store, "product", shop.product(1))).isEmpty());
      shop.awaitApplied(store, shop.category(10), shop.now());
      assertThat(shop.cached(store, "category", shop.category(10))).contains("page");
    }
  }
}
