package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.util.ConcurrencyUtil;
import com.hazelcast.map.IMap;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.HazelcastUnderTest;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Threads that operations begin where Hazelcast begins one for every continuation that names no
 * executor, as it does on one processor or two, on however many this runs.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HazelcastThreadsTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final int PARTITION = 0;
  private static final int ROUNDS = 20;

  /** Some that do not count: a pool that grows, a servant of the virtual machine. */
  private static final int FEW = 200;

  private final Executor before = ConcurrencyUtil.getDefaultAsyncExecutor();
  private HazelcastUnderTest server;
  private List<CacheKey> keys;
  private long offset;

  @BeforeAll
  void startServer() {
    server = new HazelcastUnderTest();
    keys =
        Stream.iterate(1, n -> n + 1)
            .map(n -> new CacheKey("products", "product:" + n))
            .filter(key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == PARTITION)
            .limit(50)
            .toList();
    ConcurrencyUtil.setDefaultAsyncExecutor(task -> new Thread(task).start());
  }

  @AfterAll
  void stopServer() {
    ConcurrencyUtil.setDefaultAsyncExecutor(before);
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void readsFillsAndDeliveriesBeginNoThreadForEachOperation(String as) {
    HazelcastStore.Options usual = HazelcastStore.Options.defaults();
    HazelcastStore.Options options =
        new HazelcastStore.Options(
            HOUR,
            Duration.ofSeconds(4),
            Duration.ZERO,
            usual.threads(),
            usual.tokens(),
            usual.incarnations(),
            usual.nanoTime(),
            usual.foreign());
    try (HazelcastStore hazelcast =
            as.equals("client") ? server.client(options) : server.embedded(options);
        FencedStore store = hazelcast.connect();
        DeliveryTarget delivery = hazelcast.connectForDelivery()) {
      rounds(store, delivery, 1);

      long threads = threadsStarted(() -> rounds(store, delivery, ROUNDS));

      // Of each key in each round: read, leased, filled, read, deleted.
      assertThat(threads).as("threads begun by %d deletes", ROUNDS * keys.size()).isLessThan(FEW);
    }
  }

  /** Deletes, and what deliveries overwrite after a round that was not acknowledged. */
  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void writesToKeysAreThoseOfTheMapAndBeginNoThreads(String as) throws Exception {
    IMap<String, Object> map = server.member().getMap("writes.entries");
    HazelcastInstance client = client();
    try (BlockingCalls calls = new BlockingCalls("writes", 4)) {
      HazelcastInstance used = as.equals("client") ? client : server.member();
      KeyWrites writes = KeyWrites.of(new HazelcastLayout("writes", 1, used), calls);
      awaitAll(all(key -> writes.set(key, new byte[] {1}, HOUR)));

      List<byte[]> found = new ArrayList<>();
      long threads =
          threadsStarted(
              () -> {
                awaitAll(all(key -> writes.set(key, new byte[] {7}, HOUR)));
                all(key -> found.add((byte[]) map.get(key)));
                awaitAll(all(writes::delete));
              });

      assertThat(found).hasSize(1000).allMatch(bytes -> Arrays.equals(bytes, new byte[] {7}));
      assertThat(all(map::containsKey)).hasSize(1000).containsOnly(false);
      assertThat(threads).isLessThan(FEW);
      awaitAll(List.of(writes.set("other/0", new byte[] {1}, HOUR)));
      assertThat(map.getEntryView("other/0").getTtl()).isEqualTo(HOUR.toMillis());
    } finally {
      client.shutdown();
    }
  }

  private HazelcastInstance client() {
    ClientConfig config =
        new ClientConfig().setClusterName(server.member().getConfig().getClusterName());
    config.getNetworkConfig().addAddress(server.address());
    return HazelcastClient.newHazelcastClient(config);
  }

  private static <T> List<T> all(Function<String, T> operation) {
    return IntStream.range(0, 1000).mapToObj(n -> operation.apply("other/" + n)).toList();
  }

  private static void awaitAll(List<? extends Future<?>> running) {
    for (Future<?> one : running) {
      try {
        one.get(60, TimeUnit.SECONDS);
      } catch (InterruptedException | ExecutionException | TimeoutException e) {
        throw new AssertionError(e);
      }
    }
  }

  private void rounds(FencedStore store, DeliveryTarget delivery, int count) {
    for (int round = 0; round < count; round++) {
      delivery.open(PARTITION);
      assertThat(apply(delivery, new RoundBuilder(PARTITION).watermark(1, 100, 110)))
          .isEqualTo(RoundOutcome.APPLIED);
      for (CacheKey key : keys) {
        ReadOutcome.Granted granted = (ReadOutcome.Granted) join(store.get(key));
        assertThat(join(store.fill(key, granted.lease(), Value.absent(), HOUR)))
            .isEqualTo(FillOutcome.STORED);
        assertThat(join(store.get(key))).isInstanceOf(ReadOutcome.Hit.class);
      }
      RoundBuilder changes = new RoundBuilder(PARTITION).keys(keys.toArray(CacheKey[]::new));
      assertThat(apply(delivery, changes.ceiling(1, 200))).isEqualTo(RoundOutcome.APPLIED);
    }
  }

  private RoundOutcome apply(DeliveryTarget delivery, RoundBuilder round) {
    return requireNonNull(delivery.apply(List.of(round.offset(++offset).build())).get(PARTITION));
  }

  private static long threadsStarted(Runnable work) {
    long before = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount();
    work.run();
    return ManagementFactory.getThreadMXBean().getTotalStartedThreadCount() - before;
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
