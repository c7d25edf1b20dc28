package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Loader;
import dev.hearth.client.WriteToken;
import dev.hearth.sandbox.HeldCommits;
import dev.hearth.store.FencedStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * R5: two rows feed one key. The first transaction is in the log before the second, and is seen
 * after it: its commit waits for a standby that is absent. A fill in between has the second change
 * and not the first.
 */
class TwoRowsOneKeyTest {

  @Test
  void theEarlierChangeThatBecomesVisibleLaterTakesTheEntryOut() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'old', 10)");
      shop.execute("insert into price values (1, 1)");
      Services services = shop.start(Set.of(Role.INVALIDATE));
      shop.startIngest(true);
      FencedStore store = shop.store(services, "redis");
      CoherentCache<String> products = fillBetween(shop, store, true);

      eventually(
          () -> assertThat(products.get(shop.product(1), nameAndPrice(shop))).contains("new 2"));
    }
  }

  @Test
  void withoutTheGateTheEarlierChangeIsMissedForGood() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'old', 10)");
      shop.execute("insert into price values (1, 1)");
      Services services = shop.start(Set.of(Role.INVALIDATE));
      shop.startIngest(false);
      FencedStore store = shop.store(services, "redis");
      fillBetween(shop, store, false);

      assertThat(nameAndPrice(shop).load(shop.product(1))).contains("new 2");
      assertThat(shop.cached(store, "product", shop.product(1))).contains("old 2");
    }
  }

  /** Returns when both can be read, and without the gate when the store vouches for both. */
  private static CoherentCache<String> fillBetween(Shop shop, FencedStore store, boolean gate)
      throws Exception {
    shop.awaitLeases(store);
    CoherentCache<String> products = Shop.cache("product", store).build();

    CompletableFuture<Void> earlier;
    try (HeldCommits held = shop.holdCommits()) {
      earlier = CompletableFuture.runAsync(() -> rename(shop));
      awaitACommitThatWaitsForTheStandby(shop);
      try (Connection connection = shop.connect();
          Statement statement = connection.createStatement()) {
        statement.execute("set synchronous_commit = local");
        statement.execute("update price set amount = 2 where product_id = 1");
        // Both are in the log, and the second is applied: so is the first, where nothing holds it.
        if (!gate) {
          shop.awaitApplied(store, shop.product(1), WriteToken.after(connection));
        }
      }
      eventually(
          () -> {
            assertThat(products.get(shop.product(1), nameAndPrice(shop))).contains("old 2");
            assertThat(shop.cached(store, "product", shop.product(1))).contains("old 2");
          });
      held.release();
    }
    earlier.get(60, TimeUnit.SECONDS);
    if (!gate) {
      shop.awaitApplied(store, shop.product(1), shop.now());
    }
    return products;
  }

  private static void rename(Shop shop) {
    try {
      shop.execute("update product set name = 'new' where id = 1");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Loader<String> nameAndPrice(Shop shop) {
    return key -> {
      try (Connection connection = shop.connect();
          Statement statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  "select name || ' ' || amount::int from product"
                      + " join price on product_id = id where id = 1")) {
        return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
      }
    };
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
