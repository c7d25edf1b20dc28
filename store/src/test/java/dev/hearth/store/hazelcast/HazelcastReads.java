package dev.hearth.store.hazelcast;

import com.sun.management.OperatingSystemMXBean;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.HazelcastUnderTest;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * Hits a second and CPU for each, of a client and of a member, one JVM with all of it; for
 * comparisons by hand: {@code java -cp ... dev.hearth.store.hazelcast.HazelcastReads [seconds]}.
 */
final class HazelcastReads {
  private static final List<CacheKey> KEYS =
      IntStream.range(0, 1000).mapToObj(n -> new CacheKey("products", "product:" + n)).toList();

  private HazelcastReads() {}

  public static void main(String[] arguments) throws InterruptedException {
    long seconds = arguments.length == 0 ? 10 : Long.parseLong(arguments[0]);
    try (HazelcastUnderTest server = new HazelcastUnderTest();
        HazelcastStore embedded =
            new HazelcastStore(
                "embedded",
                server.member(),
                StoreUnderTest.PREFIX,
                StoreUnderTest.PARTITIONS,
                HazelcastStore.Options.defaults())) {
      FencedStore client = server.connect(Duration.ofMinutes(10), LeaseToken::random);
      fill(server, client);
      for (FencedStore store : List.of(client, embedded.connect())) {
        inTurn(store, 8, seconds);
        inTurn(store, 1, seconds);
        inTurn(store, 8, seconds);
        atOnce(store, 64, seconds);
      }
    }
  }

  private static void fill(HazelcastUnderTest server, FencedStore store) {
    try (DeliveryTarget delivery = server.connectForDelivery(() -> 1)) {
      for (int partition = 0; partition < StoreUnderTest.PARTITIONS; partition++) {
        delivery.open(partition);
        delivery.apply(List.of(new RoundBuilder(partition).watermark(1, 100, 110).build()));
      }
    }
    for (CacheKey key : KEYS) {
      ReadOutcome.Granted granted =
          (ReadOutcome.Granted) store.get(key).toCompletableFuture().join();
      Value value = Value.of(new byte[200 + KeySlot.partitionOf(key.key(), 7)]);
      store.fill(key, granted.lease(), value, Duration.ofHours(1)).toCompletableFuture().join();
    }
  }

  /** Callers that wait for each answer, as a reader does. */
  private static void inTurn(FencedStore store, int callers, long seconds)
      throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(callers);
    LongAdder done = new LongAdder();
    long cpu = cpuNanos();
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    for (int caller = 0; caller < callers; caller++) {
      threads.execute(
          () -> {
            while (System.nanoTime() - end < 0) {
              hit(store.get(anyKey()).toCompletableFuture().join());
              done.increment();
            }
          });
    }
    threads.shutdown();
    threads.awaitTermination(1, TimeUnit.HOURS);
    report(store.name() + ", " + callers + " callers", done.sum(), seconds, cpuNanos() - cpu);
  }

  /** One caller that waits for none, as a warm-up run does. */
  private static void atOnce(FencedStore store, int limit, long seconds)
      throws InterruptedException {
    Semaphore permits = new Semaphore(limit);
    LongAdder done = new LongAdder();
    long cpu = cpuNanos();
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    while (System.nanoTime() - end < 0) {
      permits.acquire();
      store
          .get(anyKey())
          .whenComplete(
              (outcome, failure) -> {
                hit(outcome);
                done.increment();
                permits.release();
              });
    }
    permits.acquire(limit);
    report(store.name() + ", " + limit + " at once", done.sum(), seconds, cpuNanos() - cpu);
  }

  private static void hit(ReadOutcome outcome) {
    if (!(outcome instanceof ReadOutcome.Hit)) {
      throw new IllegalStateException("no hit: " + outcome);
    }
  }

  private static CacheKey anyKey() {
    return KEYS.get(ThreadLocalRandom.current().nextInt(KEYS.size()));
  }

  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static void report(String what, long gets, long seconds, long cpuNanos) {
    System.out.printf(
        "%s: %,d gets/s, %.1f us of CPU each%n",
        what, gets / seconds, cpuNanos / 1000.0 / Math.max(1, gets));
  }
}
