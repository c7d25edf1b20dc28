package dev.hearth.cli.shop.demo;

import dev.hearth.cli.shop.OpenLoop;
import dev.hearth.cli.shop.SampleShop;
import dev.hearth.cli.shop.ZipfKeys;
import dev.hearth.client.Codec;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Loader;
import dev.hearth.client.access.AccessRecorder;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.RowLoader;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Readers and writers of the sample shop. Reads follow Zipf's law with exponent 1 over all
 * products, and so do writes: what is read most is written most, which is hard on a cache.
 * Thread-safe.
 */
final class Traffic implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Traffic.class);
  private static final int READERS = 16;
  private static final int WRITERS = 8;

  private final List<CoherentCache<byte[]>> caches;
  private final RowLoader loader;
  private final DataSource database;
  private final OpenLoop reads;
  private final OpenLoop writes;
  private final LongAdder readCount = new LongAdder();
  private final LongAdder missCount = new LongAdder();
  private final LongAdder writeCount = new LongAdder();
  private final LongAdder failureCount = new LongAdder();

  Traffic(
      Collection<FencedStore> stores,
      RowLoader loader,
      DataSource database,
      AccessRecorder recorder,
      MeterRegistry registry,
      int readsPerSecond,
      int writesPerSecond) {
    this.loader = loader;
    this.database = database;
    this.caches = new ArrayList<>();
    for (FencedStore store : stores) {
      caches.add(
          CoherentCache.builder("product", store, Codec.BYTES, Duration.ofHours(1))
              .accessRecorder(recorder)
              .meterRegistry(registry)
              .build());
    }
    this.reads = new OpenLoop("reads", readsPerSecond, READERS, products(1).each(this::read));
    this.writes = new OpenLoop("writes", writesPerSecond, WRITERS, products(2).each(this::write));
  }

  private static ZipfKeys products(long seed) {
    return new ZipfKeys(SampleShop.PRODUCTS, 1.0, seed);
  }

  void start() {
    reads.start();
    writes.start();
  }

  private void read(int id) {
    CoherentCache<byte[]> cache = caches.get(ThreadLocalRandom.current().nextInt(caches.size()));
    Loader<byte[]> counting =
        key -> {
          missCount.increment();
          LoadedBatch batch = loader.load(Set.of(key));
          return Optional.ofNullable(batch.found().get(key));
        };
    try {
      cache.get("product:" + id, counting);
      readCount.increment();
    } catch (RuntimeException e) {
      failureCount.increment();
      LOG.debug("read failed", e);
    }
  }

  private void write(int id) {
    String sql =
        switch (ThreadLocalRandom.current().nextInt(10)) {
          case 0 -> "update product set category_id = 1 + (category_id + 7) % 200 where id = ?";
          case 1, 2, 3 -> "update price set amount = 1 + (amount * 7 % 99) where product_id = ?";
          default -> "update stock set quantity = (quantity + 499) % 500 where product_id = ?";
        };
    try (Connection connection = database.getConnection();
        PreparedStatement update = connection.prepareStatement(sql)) {
      update.setInt(1, id);
      update.executeUpdate();
      writeCount.increment();
    } catch (SQLException e) {
      failureCount.increment();
      LOG.debug("write failed", e);
    }
  }

  long reads() {
    return readCount.sum();
  }

  long misses() {
    return missCount.sum();
  }

  long writes() {
    return writeCount.sum();
  }

  long failures() {
    return failureCount.sum();
  }

  long turnedAway() {
    return reads.turnedAway() + writes.turnedAway();
  }

  @Override
  public void close() throws InterruptedException {
    reads.close();
    writes.close();
  }
}
