package dev.hearth.warmer.guard;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.EvictionConfig;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MaxSizePolicy;
import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.sandbox.RedisServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.History;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import dev.hearth.warmer.DeliveredStore;
import dev.hearth.warmer.RealServers;
import dev.hearth.warmer.load.ReadPool;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a real PostgreSQL, a real Redis with little memory, and a real Hazelcast. */
class StoreGuardTest {
  private static final String DATABASE = "store_guard";
  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final GuardSettings SETTINGS =
      new GuardSettings(
          Duration.ofSeconds(10), Duration.ofSeconds(30), 0.9, Duration.ofSeconds(20));

  /** Above whatever the primary stands at. */
  private static final long FAR = 1L << 50;

  private static final int VALUE_BYTES = 10_000;
  private static final int BATCH = 20;
  private static final int MOST_ENTRIES = 10_000;

  private static Sandbox servers;
  private static RedisServer small;
  private static Optional<History> history;

  private final String prefix = "guard-" + UUID.randomUUID();
  private final AtomicLong nanos = new AtomicLong(Duration.ofHours(1).toNanos());
  private HikariDataSource primary;

  @BeforeAll
  static void startServers() {
    servers =
        Sandbox.builder()
            .servers(Server.HAZELCAST)
            .hazelcastConfig(
                config ->
                    config.addMapConfig(
                        new MapConfig("small-*")
                            .setInMemoryFormat(InMemoryFormat.BINARY)
                            .setEvictionConfig(
                                new EvictionConfig()
                                    .setEvictionPolicy(EvictionPolicy.LFU)
                                    .setMaxSizePolicy(MaxSizePolicy.PER_NODE)
                                    .setSize(MOST_ENTRIES))))
            .start();
    small = servers.startRedis("maxmemory 12mb", "maxmemory-policy allkeys-lru");
    RealServers.sql(DATABASE, "create table if not exists change (id serial)");
    history =
        Optional.of(
            new History(
                RealServers.query(
                    DATABASE, "select system_identifier::text from pg_control_system()"),
                1));
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  @BeforeEach
  void connect() {
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(DATABASE),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            1,
            Duration.ofSeconds(20));
  }

  @AfterEach
  void disconnect() {
    primary.close();
  }

  @Test
  void waitsUntilEveryPartitionHasAppliedWhatThePrimaryShows() {
    try (DeliveredStore store = DeliveredStore.redis(redis(), prefix, LEASE)) {
      waitsForTheLastPartition(store);
    }
  }

  @Test
  void waitsUntilEveryPartitionOfHazelcastHasAppliedIt() {
    try (DeliveredStore store =
        DeliveredStore.hazelcast(
            servers.hazelcast().address(), servers.hazelcast().clusterName(), prefix, LEASE)) {
      waitsForTheLastPartition(store);
    }
  }

  private void waitsForTheLastPartition(DeliveredStore store) {
    StoreGuard guard = guard(store.store());

    assertThat(guard.check(1, 1))
        .isEqualTo(
            new Answer.Wait(
                "the stream of invalidations to store "
                    + store.store().name()
                    + " is not fresh: nothing proves yet how old what it holds is, expected at"
                    + " most 10 s"));

    for (int partition = 1; partition < DeliveredStore.PARTITIONS; partition++) {
      store.appliedUpTo(partition, FAR);
    }
    assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);

    store.appliedUpTo(0, FAR);
    assertThat(guard.check(1, 1)).isEqualTo(Answer.GO);
  }

  @Test
  void letsARunGoOnForAsLongAsTheProofIsYoungThenWaitsThenRefuses() {
    try (DeliveredStore store = DeliveredStore.redis(redis(), prefix, LEASE)) {
      StoreGuard guard = guard(store.store());
      assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);
      store.appliedUpTo(insertLsn());
      assertThat(guard.check(1, 1)).isEqualTo(Answer.GO);

      // From here on the stream stands still.
      RealServers.sql(DATABASE, "insert into change default values");
      later(9);
      assertThat(guard.check(1, 1)).isEqualTo(Answer.GO);
      later(2);
      assertThat(guard.check(1, 1))
          .isEqualTo(
              new Answer.Wait(
                  "the stream of invalidations to store redis is not fresh: what it held was last"
                      + " proven true 11 s ago, expected at most 10 s"));
      for (int i = 0; i < 5; i++) {
        later(5);
        assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);
      }
      later(5);
      assertThat(guard.check(1, 1))
          .isEqualTo(
              new Answer.Refuse(
                  "the stream of invalidations to store redis is not fresh: what it held was last"
                      + " proven true 41 s ago, expected at most 10 s; waited 30 s; hearth status"
                      + " says which service stands still"));

      // Another run waits as long again, and goes once the stream does.
      assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);
      store.appliedUpTo(FAR);
      assertThat(guard.check(1, 1)).isEqualTo(Answer.GO);
    }
  }

  @Test
  void aRunLongAfterAnotherThatWaitedIsNotRefusedAtOnce() {
    try (DeliveredStore store = DeliveredStore.redis(redis(), prefix, LEASE)) {
      StoreGuard guard = guard(store.store());
      assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);

      later(3_600);

      assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);
    }
  }

  @Test
  void waitsWhereTheStoreHasLostItsPositions() {
    try (DeliveredStore store = DeliveredStore.redis(small.uri(), prefix, LEASE)) {
      store.appliedUpTo(FAR);
      StoreGuard guard = guard(store.store());
      assertThat(guard.check(1, 1)).isEqualTo(Answer.GO);

      flush();

      assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);
    }
  }

  @Test
  void waitsWhereTheStoreFollowsAnotherDatabase() {
    try (DeliveredStore store = DeliveredStore.redis(redis(), prefix, LEASE)) {
      store.appliedUpTo(FAR);
      StoreGuard guard = guard(store.store(), Optional.of(new History("1", 1)));

      assertThat(guard.check(1, 1)).isInstanceOf(Answer.Wait.class);
    }
  }

  @Test
  void saysThatThePrimaryDoesNotAnswer() {
    try (DeliveredStore store = DeliveredStore.redis(redis(), prefix, LEASE)) {
      store.appliedUpTo(FAR);
      primary.close();

      assertThat(guard(store.store()).check(1, 1))
          .isInstanceOfSatisfying(
              Answer.Wait.class,
              wait -> assertThat(wait.sentence()).contains(": the primary does not say where"));
    }
  }

  @Test
  void cutsARunToWhatFitsBeforeRedisEvictsAnything() {
    flush();
    try (DeliveredStore store = DeliveredStore.redis(small.uri(), prefix, LEASE)) {
      store.appliedUpTo(FAR);
      StoreGuard guard = guard(store.store());
      long evictedBefore = evicted(store.store());

      int stored = 0;
      Answer answer = guard.check(BATCH, BATCH * VALUE_BYTES);
      while (answer.equals(Answer.GO) && stored < 10_000) {
        stored += fillBatch(store.store(), stored);
        answer = guard.check(BATCH, BATCH * VALUE_BYTES);
      }

      assertThat(answer)
          .isInstanceOfSatisfying(
              Answer.Refuse.class,
              refuse ->
                  assertThat(refuse.sentence())
                      .startsWith("store redis (127.0.0.1:" + small.port() + ") holds ")
                      .contains(" of 12.6 MB, and the next batch would add about 204.0 kB: above"));
      assertThat(stored).isGreaterThan(10 * BATCH);
      assertThat(evicted(store.store())).isEqualTo(evictedBefore);

      // What would have come of it without the guard: entries go that nobody compared.
      while (evicted(store.store()) == evictedBefore) {
        stored += fillBatch(store.store(), stored);
      }
      assertThat(guard.check(BATCH, BATCH * VALUE_BYTES))
          .isInstanceOfSatisfying(
              Answer.Refuse.class,
              refuse -> assertThat(refuse.sentence()).contains(" began to evict: "));
    }
  }

  @Test
  void countsWhatHazelcastLetsAMapHave() {
    try (DeliveredStore store =
        DeliveredStore.hazelcast(
            servers.hazelcast().address(),
            servers.hazelcast().clusterName(),
            "small-" + prefix,
            LEASE)) {
      store.appliedUpTo(FAR);
      StoreGuard guard = guard(store.store());

      assertThat(guard.check(100, 0)).isEqualTo(Answer.GO);
      assertThat(guard.check(MOST_ENTRIES, 0))
          .isInstanceOfSatisfying(
              Answer.Refuse.class,
              refuse ->
                  assertThat(refuse.sentence())
                      .startsWith("store hazelcast (map small-" + prefix + ".entries) holds ")
                      .contains(
                          " entries of 10,000 entries, and the next batch would add about 10,000"
                              + " entries: above 90 % of the limit it might evict hotter entries"));
    }
  }

  @Test
  void aMapThatNeverEvictsHasRoom() {
    try (DeliveredStore store =
        DeliveredStore.hazelcast(
            servers.hazelcast().address(), servers.hazelcast().clusterName(), prefix, LEASE)) {
      store.appliedUpTo(FAR);

      assertThat(guard(store.store()).check(1_000_000, 0)).isEqualTo(Answer.GO);
    }
  }

  private int fillBatch(FencedStore store, int from) {
    for (int i = from; i < from + BATCH; i++) {
      CacheKey key = new CacheKey("product", prefix + ":" + i);
      ReadOutcome read = store.get(key).toCompletableFuture().join();
      if (read instanceof ReadOutcome.Granted granted) {
        FillOutcome unused =
            store
                .fill(key, granted.lease(), Value.of(new byte[VALUE_BYTES]), Duration.ofHours(1))
                .toCompletableFuture()
                .join();
      }
    }
    return BATCH;
  }

  private static long evicted(FencedStore store) {
    return store.room().toCompletableFuture().join().get(0).evicted().orElseThrow();
  }

  private static void flush() {
    try (RedisClient client = RedisClient.create(small.uri());
        StatefulRedisConnection<String, String> connection = client.connect()) {
      connection.sync().flushall();
    }
  }

  private StoreGuard guard(FencedStore store) {
    return guard(store, history);
  }

  private StoreGuard guard(FencedStore store, Optional<History> followed) {
    return new StoreGuard(
        store,
        "product",
        DeliveredStore.PARTITIONS,
        primary,
        epoch -> followed,
        SETTINGS,
        nanos::get);
  }

  private void later(int seconds) {
    nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  private static String redis() {
    return RealServers.get().redis().uri();
  }

  private static long insertLsn() {
    return Long.parseLong(
        RealServers.query(
            DATABASE, "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"));
  }
}
