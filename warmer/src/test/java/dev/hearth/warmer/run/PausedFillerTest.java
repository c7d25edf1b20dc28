package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import dev.hearth.warmer.DeliveredStore;
import dev.hearth.warmer.RealServers;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.ReadPool;
import dev.hearth.warmer.load.RowLoader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A filler that pauses between what it read and what it fills, in the middle of a batch, while rows
 * change: how long it pauses does not matter, only what happens meanwhile does. So the pause is a
 * latch, and of its length only one thing is made real: whether the leases are over when it ends.
 */
class PausedFillerTest {
  private static final String DATABASE = "paused_filler";
  private static final int KEYS = 20;
  private static final Duration LONG_LEASE = Duration.ofMinutes(10);
  private static final Duration SHORT_LEASE = Duration.ofSeconds(1);
  private static final Duration BOUND = Duration.ofSeconds(60);

  private static Sandbox hazelcast;

  private final String prefix = "paused-" + UUID.randomUUID();
  private final KeyTemplate template = KeyTemplate.parse(prefix + ":{id}");
  private final CountDownLatch loaded = new CountDownLatch(1);
  private final CountDownLatch resumed = new CountDownLatch(1);
  private final ExecutorService filler = Executors.newSingleThreadExecutor();
  private HikariDataSource primary;

  enum Kind {
    REDIS {
      @Override
      DeliveredStore open(String prefix, Duration leaseTime) {
        return DeliveredStore.redis(RealServers.get().redis().uri(), prefix, leaseTime);
      }
    },
    HAZELCAST {
      @Override
      DeliveredStore open(String prefix, Duration leaseTime) {
        return DeliveredStore.hazelcast(
            hazelcast.hazelcast().address(),
            hazelcast.hazelcast().clusterName(),
            prefix,
            leaseTime);
      }
    };

    abstract DeliveredStore open(String prefix, Duration leaseTime);
  }

  @BeforeAll
  static void startHazelcast() {
    hazelcast = Sandbox.builder().servers(Server.HAZELCAST).start();
  }

  @AfterAll
  static void stopHazelcast() {
    hazelcast.close();
  }

  @BeforeEach
  void open() {
    RealServers.sql(
        DATABASE,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'old' from generate_series(1, " + KEYS + ") i");
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(DATABASE),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            2,
            Duration.ofSeconds(30));
  }

  @AfterEach
  void close() {
    resumed.countDown();
    filler.shutdownNow();
    primary.close();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void bringsNoOldValueBackWhereRowsChangedWhileItWasPaused(Kind kind) throws Exception {
    try (DeliveredStore store = kind.open(prefix, LONG_LEASE)) {
      CompletableFuture<BatchWarmer.Outcome> batch = warm(store.store());

      // Row 1 changes, row 2 changes and is read by somebody, row 3 is gone.
      change(store, 1, "update product set name = 'new' where id = 1");
      change(store, 2, "update product set name = 'new' where id = 2");
      fillAsAReader(store.store(), 2, Value.of("new".getBytes(StandardCharsets.UTF_8)));
      change(store, 3, "delete from product where id = 3");
      resumed.countDown();

      BatchWarmer.Outcome outcome = batch.get(BOUND.toSeconds(), TimeUnit.SECONDS);
      assertThat(outcome.progress().leaseLost()).isEqualTo(3);
      assertThat(outcome.progress().stored()).isEqualTo(KEYS - 3);
      assertThat(value(store.store(), 1)).isEmpty();
      assertThat(value(store.store(), 2)).contains("new");
      assertThat(value(store.store(), 3)).isEmpty();
      assertThat(value(store.store(), 4)).contains("{\"id\":4,\"name\":\"old\"}");
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void bringsNoOldValueBackWhereItsLeasesAreOver(Kind kind) throws Exception {
    try (DeliveredStore store = kind.open(prefix, SHORT_LEASE)) {
      CompletableFuture<BatchWarmer.Outcome> batch = warm(store.store());

      change(store, 1, "update product set name = 'new' where id = 1");
      awaitThatTheLeasesAreOver(store.store());
      resumed.countDown();

      BatchWarmer.Outcome outcome = batch.get(BOUND.toSeconds(), TimeUnit.SECONDS);
      assertThat(outcome.progress().leaseLost()).isEqualTo(KEYS);
      assertThat(IntStream.rangeClosed(1, KEYS).mapToObj(id -> value(store.store(), id)))
          .allSatisfy(found -> assertThat(found).isEmpty());
    }
  }

  /** The protection that the two above hold to: without it the old value stays, for good. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void withoutTheLeaseTheOldValueComesBack(Kind kind) throws Exception {
    try (DeliveredStore store = kind.open(prefix, LONG_LEASE)) {
      CompletableFuture<BatchWarmer.Outcome> batch = warm(new AnyLeaseWillDo(store.store()));

      change(store, 1, "update product set name = 'new' where id = 1");
      resumed.countDown();

      batch.get(BOUND.toSeconds(), TimeUnit.SECONDS);
      assertThat(value(store.store(), 1)).contains("{\"id\":1,\"name\":\"old\"}");
    }
  }

  /** Begins a batch, and returns when it has read its rows and is paused. */
  private CompletableFuture<BatchWarmer.Outcome> warm(FencedStore store) throws Exception {
    RowLoader rows =
        new RowLoader(
            primary,
            LoadQuery.parse("select id, name from product where id = any(:id)", template),
            template);
    BatchLoader loader =
        (keys, floor) -> {
          LoadedBatch batch = rows.load(keys);
          loaded.countDown();
          try {
            if (!resumed.await(BOUND.toSeconds(), TimeUnit.SECONDS)) {
              throw new IllegalStateException("the test did not let the filler go on");
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return new BatchLoader.Loaded(batch.found(), batch.absent());
        };
    BatchWarmer warmer = new BatchWarmer(BOUND, new DatabasePace(100, 2), new Random(1));
    WarmableCache cache =
        new WarmableCache("product", Duration.ofHours(1), List.of(store), Optional.of(loader));
    List<String> keys = IntStream.rangeClosed(1, KEYS).mapToObj(this::key).toList();
    CompletableFuture<BatchWarmer.Outcome> batch = new CompletableFuture<>();
    filler.execute(
        () -> {
          try {
            batch.complete(warmer.warm(cache, loader, keys));
          } catch (InterruptedException | RuntimeException e) {
            batch.completeExceptionally(e);
          }
        });
    assertThat(loaded.await(BOUND.toSeconds(), TimeUnit.SECONDS)).as("rows are read").isTrue();
    return batch;
  }

  private void change(DeliveredStore store, int id, String sql) {
    RealServers.sql(DATABASE, sql);
    store.invalidate("product", key(id));
  }

  private void fillAsAReader(FencedStore store, int id, Value value) {
    CacheKey key = new CacheKey("product", key(id));
    ReadOutcome.Granted granted = (ReadOutcome.Granted) store.get(key).toCompletableFuture().join();
    store.fill(key, granted.lease(), value, Duration.ofHours(1)).toCompletableFuture().join();
  }

  /** Who asks next gets a lease of his own for each key, and gives it back. */
  private void awaitThatTheLeasesAreOver(FencedStore store) {
    for (int id = 1; id <= KEYS; id++) {
      CacheKey key = new CacheKey("product", key(id));
      ReadOutcome next =
          eventually(
              () -> store.get(key).toCompletableFuture().join(),
              outcome -> assertThat(outcome).isInstanceOf(ReadOutcome.Granted.class));
      store.release(key, ((ReadOutcome.Granted) next).lease()).toCompletableFuture().join();
    }
  }

  private String key(int id) {
    return prefix + ":" + id;
  }

  private Optional<String> value(FencedStore store, int id) {
    return store
        .peek(new CacheKey("product", key(id)))
        .toCompletableFuture()
        .join()
        .flatMap(hit -> hit.value().bytes())
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }
}
