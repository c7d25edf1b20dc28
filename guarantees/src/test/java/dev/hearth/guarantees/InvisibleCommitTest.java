package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.WriteToken;
import dev.hearth.sandbox.HeldCommits;
import dev.hearth.store.FencedStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * R2: an invalidation must not overtake the visibility of its own change. A commit waits for a
 * standby that is absent: it is in the log, decoded, and yet nobody can read it. Whoever misses now
 * fills the old value. Without the gate the invalidation has already come and gone, and the old
 * value stays for good; with it, the change is published when it can be read, and the old value
 * goes.
 */
class InvisibleCommitTest {

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void nothingStaleIsLeftWithTheGate(String storeName) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'old', 10), (2, 'pot', 20)");
      Services services = shop.start(Set.of(Role.INVALIDATE));
      shop.startIngest(true);
      CoherentCache<String> products =
          fillWhileTheChangeIsInvisible(shop, services, storeName, true);

      eventually(
          () -> assertThat(products.get(shop.product(1), shop.productName())).contains("new"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void theOldValueStaysForGoodWithoutTheGate(String storeName) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'old', 10), (2, 'pot', 20)");
      Services services = shop.start(Set.of(Role.INVALIDATE));
      shop.startIngest(false);
      fillWhileTheChangeIsInvisible(shop, services, storeName, false);

      // Everything up to here has been applied, and the database says otherwise.
      FencedStore store = shop.store(services, storeName);
      shop.awaitApplied(store, shop.product(1), shop.now());
      assertThat(shop.productName().load(shop.product(1))).contains("new");
      assertThat(shop.cached(store, "product", shop.product(1))).contains("old");
    }
  }

  /** Returns when the change can be read and its writer has been answered. */
  private static CoherentCache<String> fillWhileTheChangeIsInvisible(
      Shop shop, Services services, String storeName, boolean gate) throws Exception {
    FencedStore store = shop.store(services, storeName);
    shop.awaitLeases(store);
    CoherentCache<String> products = shop.cache(services, "product", storeName);
    shop.fill(products, "product", store, shop.product(1), shop.productName());
    shop.fill(products, "product", store, shop.product(2), shop.productName());

    CompletableFuture<Void> writer;
    try (HeldCommits held = shop.holdCommits()) {
      writer =
          CompletableFuture.runAsync(
              () -> {
                try {
                  shop.execute("update product set name = 'new' where id = 1");
                } catch (java.sql.SQLException e) {
                  throw new IllegalStateException(e);
                }
              });
      awaitACommitThatWaitsForTheStandby(shop);
      WriteToken later;
      // A later commit that waits for nobody: when it has been applied, so has all before it.
      try (Connection connection = shop.connect();
          Statement statement = connection.createStatement()) {
        statement.execute("set synchronous_commit = local");
        statement.execute("update product set name = 'pan' where id = 2");
        later = WriteToken.after(connection);
      }
      eventually(
          () -> {
            assertThat(products.get(shop.product(2), shop.productName())).contains("pan");
            assertThat(shop.cached(store, "product", shop.product(2))).contains("pan");
          });

      if (gate) {
        assertThat(shop.cached(store, "product", shop.product(1))).contains("old");
      } else {
        // The invalidation has come and gone, and the entry is filled again.
        shop.awaitApplied(store, shop.product(1), later);
        assertThat(shop.cached(store, "product", shop.product(1))).isEmpty();
        shop.fill(products, "product", store, shop.product(1), shop.productName());
        assertThat(shop.cached(store, "product", shop.product(1))).contains("old");
      }
      held.release();
    }
    writer.get(60, TimeUnit.SECONDS);
    return products;
  }

  private static void awaitACommitThatWaitsForTheStandby(Shop shop) throws Exception {
    eventually(
        () -> {
          try (Connection connection = shop.connect();
              Statement statement = connection.createStatement();
              ResultSet row =
                  statement.executeQuery(
                      "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
                          + " and query like 'update product set name = ''new''%'")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(1);
          }
        });
  }
}
