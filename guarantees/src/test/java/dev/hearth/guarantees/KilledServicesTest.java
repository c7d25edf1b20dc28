package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.sandbox.Cases;
import dev.hearth.store.FencedStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Ingest and invalidator, killed in the middle of traffic: nothing that changed stays cached. */
class KilledServicesTest {
  private static final int PRODUCTS = 300;
  private static final long SEED = Cases.seed();

  @Test
  void killingIngestAndInvalidatorInTheMiddleOfTrafficLosesNothing() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute(
          "insert into product select i, 'v0', i % 10 from generate_series(1, " + PRODUCTS + ") i");
      // Reads go through a process of their own, so that only the pipeline is killed.
      Services readers = shop.start(Set.of());
      List<CoherentCache<String>> caches =
          List.of(
              shop.cache(readers, "product", "redis"), shop.cache(readers, "product", "hazelcast"));
      ServiceProcess ingest = ServiceProcess.start(shop, Role.INGEST);
      ServiceProcess invalidator = ServiceProcess.start(shop, Role.INVALIDATE);
      AtomicBoolean stop = new AtomicBoolean();
      AtomicLong writes = new AtomicLong();
      ExecutorService threads = Executors.newCachedThreadPool();
      try {
        shop.awaitLeases(shop.store(readers, "redis"));
        shop.awaitLeases(shop.store(readers, "hazelcast"));
        List<Future<?>> traffic = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          long seed = SEED + i;
          traffic.add(threads.submit(() -> write(shop, stop, writes, new Random(seed))));
          traffic.add(threads.submit(() -> read(shop, caches, stop, new Random(seed))));
        }

        for (int round = 1; round <= 2; round++) {
          awaitWrites(writes, 300L * (2 * round - 1));
          ingest.kill();
          awaitWrites(writes, 300L * (2 * round - 1) + 100);
          ingest = ServiceProcess.start(shop, Role.INGEST);
          awaitWrites(writes, 300L * 2 * round);
          invalidator.kill();
          awaitWrites(writes, 300L * 2 * round + 100);
          invalidator = ServiceProcess.start(shop, Role.INVALIDATE);
        }
        // Readers fill again, or there would be nothing that could be stale.
        for (String store : List.of("redis", "hazelcast")) {
          eventually(() -> assertThat(believed(shop, shop.store(readers, store))).isPositive());
        }
        stop.set(true);
        for (Future<?> each : traffic) {
          each.get(60, TimeUnit.SECONDS);
        }

        for (String store : List.of("redis", "hazelcast")) {
          eventually(
              () ->
                  assertThat(stale(shop, shop.store(readers, store)))
                      .as("-Dhearth.seed=%d", SEED)
                      .isEmpty());
        }
      } finally {
        stop.set(true);
        threads.shutdownNow();
        ingest.kill();
        invalidator.kill();
      }
    }
  }

  private static Object write(Shop shop, AtomicBoolean stop, AtomicLong writes, Random random)
      throws SQLException {
    try (Connection connection = shop.connect();
        PreparedStatement update =
            connection.prepareStatement(
                "update product set name = 'v' || (substr(name, 2)::int + 1) where id = ?")) {
      while (!stop.get()) {
        update.setInt(1, 1 + random.nextInt(PRODUCTS));
        update.executeUpdate();
        writes.incrementAndGet();
        LockSupport.parkNanos(5_000_000);
      }
    }
    return writes;
  }

  private static Object read(
      Shop shop, List<CoherentCache<String>> caches, AtomicBoolean stop, Random random) {
    while (!stop.get()) {
      int id = 1 + random.nextInt(PRODUCTS);
      caches.get(random.nextInt(caches.size())).get(shop.product(id), shop.productName());
    }
    return stop;
  }

  private static void awaitWrites(AtomicLong writes, long count) throws Exception {
    eventually(() -> assertThat(writes.get()).isGreaterThanOrEqualTo(count));
  }

  private static List<String> stale(Shop shop, FencedStore store) throws Exception {
    List<String> stale = new ArrayList<>();
    for (int id = 1; id <= PRODUCTS; id++) {
      Optional<String> cached = shop.cached(store, "product", shop.product(id));
      if (cached.isPresent() && !cached.equals(shop.productName().load(shop.product(id)))) {
        stale.add(shop.product(id));
      }
    }
    return stale;
  }

  /** Keys that a store holds and believes. */
  private static long believed(Shop shop, FencedStore store) throws Exception {
    long count = 0;
    for (int id = 1; id <= PRODUCTS; id++) {
      if (shop.cached(store, "product", shop.product(id)).isPresent()) {
        count++;
      }
    }
    return count;
  }
}
