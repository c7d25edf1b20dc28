package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Loader;
import dev.hearth.client.WriteToken;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where a fill's value comes from, on the whole pipeline: rows that were deleted and inserted again
 * (R10), transactions that roll back (R12), snapshots older than the lease (R13). The last two are
 * what a loader must keep to by itself; each is shown kept and broken.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FillRacesTest {
  private static final List<String> STORES = List.of("redis", "hazelcast");

  private Shop shop;
  private Services services;
  private WriteToken inserted;
  private int id;

  @BeforeAll
  final void open() throws Exception {
    shop = new Shop();
    services = shop.startAll();
    for (String store : STORES) {
      shop.awaitLeases(shop.store(services, store));
    }
    shop.execute("insert into product select n, 'old', 10 from generate_series(1, 20) n");
    inserted = shop.now();
  }

  @AfterAll
  final void close() throws Exception {
    shop.close();
  }

  @BeforeEach
  final void takeARowOfItsOwn() throws Exception {
    id++;
    for (String store : STORES) {
      shop.awaitApplied(shop.store(services, store), key(), inserted);
    }
  }

  /** R10. */
  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void anEntryThatSaysThatThereIsNoRowGoesWhenTheRowIsInsertedAgain(String storeName)
      throws Exception {
    FencedStore store = shop.store(services, storeName);
    CoherentCache<String> products = shop.cache(services, "product", storeName);
    shop.fill(products, "product", store, key(), shop.productName());
    shop.execute("delete from product where id = " + id);
    eventually(
        () -> {
          assertThat(products.get(key(), shop.productName())).isEmpty();
          assertThat(hit(store)).hasValueSatisfying(hit -> assertThat(isAbsent(hit)).isTrue());
        });

    shop.execute("insert into product values (" + id + ", 'again', 10)");

    eventually(() -> assertThat(products.get(key(), shop.productName())).contains("again"));
  }

  /** R10. */
  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aFillerThatSawNoRowStoresNothingAfterTheRowWasInserted(String storeName) throws Exception {
    FencedStore store = shop.store(services, storeName);

    fillThatThereIsNoRowAfterItWasInserted(store, store);

    assertThat(hit(store)).isEmpty();
  }

  /** R10 without its protection. */
  @Test
  void aFillWithoutALeaseSaysForGoodThatThereIsNoRow() throws Exception {
    FencedStore store = shop.store(services, "redis");
    try (FillsWithoutLease unfenced = new FillsWithoutLease(store, shop.servers().redis().uri())) {

      fillThatThereIsNoRowAfterItWasInserted(store, unfenced);
    }

    shop.awaitApplied(store, key(), shop.now());
    assertThat(hit(store)).hasValueSatisfying(hit -> assertThat(isAbsent(hit)).isTrue());
    assertThat(shop.productName().load(key())).contains("again");
  }

  private void fillThatThereIsNoRowAfterItWasInserted(FencedStore store, FencedStore filled)
      throws Exception {
    shop.execute("delete from product where id = " + id);
    shop.awaitApplied(store, key(), shop.now());
    CoherentCache<String> products = Shop.cache("product", filled).build();
    CountDownLatch hasRead = new CountDownLatch(1);
    CountDownLatch mayFill = new CountDownLatch(1);
    CompletableFuture<Optional<String>> filler =
        CompletableFuture.supplyAsync(
            () ->
                products.get(
                    key(),
                    key -> {
                      Optional<String> read = shop.productName().load(key);
                      hasRead.countDown();
                      mayFill.await();
                      return read;
                    }));
    assertThat(hasRead.await(60, TimeUnit.SECONDS)).isTrue();

    shop.execute("insert into product values (" + id + ", 'again', 10)");
    shop.awaitApplied(store, key(), shop.now());
    mayFill.countDown();

    assertThat(filler.get(60, TimeUnit.SECONDS)).isEmpty();
  }

  /** R12. */
  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aLoaderWithAConnectionOfItsOwnSeesNothingThatIsRolledBack(String storeName)
      throws Exception {
    FencedStore store = shop.store(services, storeName);
    try (Connection writer = shop.connect()) {
      writeWithoutCommit(writer);

      Optional<String> filled =
          shop.fill(
              shop.cache(services, "product", storeName),
              "product",
              store,
              key(),
              shop.productName());

      writer.rollback();
      assertThat(filled).contains("old");
      assertThat(shop.cached(store, "product", key())).contains("old");
    }
  }

  /** R12 without its protection. */
  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aLoaderInsideTheWritersTransactionLeavesWhatNeverWasForGood(String storeName)
      throws Exception {
    FencedStore store = shop.store(services, storeName);
    try (Connection writer = shop.connect()) {
      writeWithoutCommit(writer);

      shop.fill(
          shop.cache(services, "product", storeName), "product", store, key(), nameOn(writer));
      writer.rollback();
    }

    shop.awaitApplied(store, key(), shop.now());
    assertThat(shop.cached(store, "product", key())).contains("never was");
    assertThat(shop.productName().load(key())).contains("old");
  }

  private void writeWithoutCommit(Connection writer) throws Exception {
    writer.setAutoCommit(false);
    try (Statement statement = writer.createStatement()) {
      statement.execute("update product set name = 'never was' where id = " + id);
    }
  }

  /** R13. */
  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aLoaderWithASnapshotOfItsOwnReadsWhatTheInvalidationIsAbout(String storeName)
      throws Exception {
    FencedStore store = shop.store(services, storeName);
    CoherentCache<String> products = shop.cache(services, "product", storeName);
    shop.fill(products, "product", store, key(), shop.productName());
    shop.execute("update product set name = 'new' where id = " + id);
    shop.awaitApplied(store, key(), shop.now());
    assertThat(shop.cached(store, "product", key())).isEmpty();

    assertThat(shop.fill(products, "product", store, key(), shop.productName())).contains("new");
  }

  /** R13 without its protection. */
  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aSnapshotOlderThanTheLeaseLeavesTheOldValueForGood(String storeName) throws Exception {
    FencedStore store = shop.store(services, storeName);
    CoherentCache<String> products = shop.cache(services, "product", storeName);
    shop.fill(products, "product", store, key(), shop.productName());
    try (Connection reader = shop.connect()) {
      reader.setAutoCommit(false);
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      assertThat(nameOn(reader).load(key())).contains("old");
      shop.execute("update product set name = 'new' where id = " + id);
      shop.awaitApplied(store, key(), shop.now());
      assertThat(shop.cached(store, "product", key())).isEmpty();

      shop.fill(products, "product", store, key(), nameOn(reader));
    }

    shop.awaitApplied(store, key(), shop.now());
    assertThat(shop.cached(store, "product", key())).contains("old");
    assertThat(shop.productName().load(key())).contains("new");
  }

  private String key() {
    return shop.product(id);
  }

  private Loader<String> nameOn(Connection connection) {
    return key -> {
      try (Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("select name from product where id = " + id)) {
        return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
      }
    };
  }

  private Optional<ReadOutcome.Hit> hit(FencedStore store) throws Exception {
    return Shop.answer(() -> store.peek(new CacheKey("product", key())));
  }

  private static boolean isAbsent(ReadOutcome.Hit hit) {
    return hit.value().isAbsent();
  }
}
