package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.cluster.ClusterState;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.Value;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Members die without a word while rows change, keys are invalidated, read and filled. A hit must
 * never be older than what its A vouches for, and every key must be served again, up to date with
 * what happened before the loss.
 *
 * <p>With one backup, the death of one member loses nothing. The death of two at once loses the
 * Hazelcast partitions that both of them held: cells and records, which the delivery notices and
 * begins anew.
 */
class HazelcastMemberLossTest {
  private static final List<CacheKey> KEYS =
      IntStream.range(0, 60).mapToObj(n -> new CacheKey("products", "product:" + n)).toList();
  private static final int READERS = 3;
  private static final int ENOUGH = 150;

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void nothingStaleIsVouchedForWhenMembersDie(int dying) {
    AtomicLong begunAnew = new AtomicLong();
    try (Members members = new Members("loss", 31)) {
      List<String> addresses = Members.addresses(3);
      List<HazelcastInstance> running = new ArrayList<>();
      addresses.forEach(address -> running.add(members.start(members.config(address, addresses))));
      Eventually.until(
          "three members with backups",
          () ->
              running.stream()
                  .allMatch(
                      member ->
                          member.getCluster().getMembers().size() == 3
                              && member.getPartitionService().isClusterSafe()));
      try (HazelcastStore cluster =
              new HazelcastStore("cache", addresses, "loss", "test", 1, options(begunAnew));
          Traffic traffic = new Traffic(cluster)) {
        Eventually.until("traffic", () -> traffic.hits.get() > ENOUGH);
        long hitsBefore = traffic.hits.get();
        long begunBefore = begunAnew.get();
        long lost = System.nanoTime();
        // Else what only two have may be copied to the third between one death and the other.
        HazelcastInstance left = running.get(2);
        change(left, ClusterState.NO_MIGRATION);
        List<CompletableFuture<Void>> deaths =
            running.subList(0, dying).stream()
                .map(
                    member ->
                        CompletableFuture.runAsync(
                            () -> Members.kill(member), task -> new Thread(task).start()))
                .toList();
        deaths.forEach(CompletableFuture::join);
        Eventually.until(
            "the others are gone", () -> left.getCluster().getMembers().size() == 3 - dying);
        change(left, ClusterState.ACTIVE);
        long committed = traffic.lsn.get();

        Set<CacheKey> waiting = new HashSet<>(KEYS);
        Eventually.until(
            "every key is safe again",
            () -> {
              waiting.removeIf(key -> traffic.isHitAt(key, committed));
              return waiting.isEmpty();
            });
        Duration untilSafe = Duration.ofNanos(System.nanoTime() - lost);
        Eventually.until("hits again", () -> traffic.hits.get() > hitsBefore + ENOUGH);
        traffic.stop();

        assertThat(traffic.violations).isEmpty();
        if (dying == 2) {
          // Noticed by a round, or where the delivery opened again because none was answered.
          assertThat(begunAnew.get()).as("records begun anew").isGreaterThan(begunBefore);
        }
        System.out.printf(
            "Hazelcast, %d of 3 members die: every key safe after %d ms; %d hits, %d changes, %d"
                + " mismatches, %d outages%n",
            dying,
            untilSafe.toMillis(),
            traffic.hits.get(),
            traffic.lsn.get(),
            traffic.mismatches(),
            traffic.outages());
      }
    }
  }

  /** Refused for as long as something is being moved. */
  private static void change(HazelcastInstance member, ClusterState state) {
    Eventually.until(
        "the cluster's state is " + state,
        () -> {
          try {
            member.getCluster().changeClusterState(state);
          } catch (IllegalStateException | HazelcastException e) {
            return false;
          }
          return true;
        });
  }

  private static HazelcastStore.Options options(AtomicLong begunAnew) {
    HazelcastStore.Options usual = HazelcastStore.Options.defaults();
    return new HazelcastStore.Options(
        Duration.ofSeconds(5),
        Duration.ofSeconds(4),
        Duration.ofMillis(100),
        usual.threads(),
        usual.tokens(),
        () -> {
          begunAnew.incrementAndGet();
          return usual.incarnations().getAsLong();
        },
        usual.nanoTime(),
        usual.foreign());
  }

  /** Rows that change, a delivery that follows them, and readers that fill what they miss. */
  private static final class Traffic implements AutoCloseable {
    private final Map<CacheKey, NavigableSet<Long>> commits =
        KEYS.stream()
            .collect(
                Collectors.toMap(
                    Function.identity(), key -> new ConcurrentSkipListSet<>(List.of(0L))));
    private final AtomicLong lsn = new AtomicLong(100);
    private final AtomicLong hits = new AtomicLong();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final FencedStore store;
    private final DeliveryTarget delivery;
    private final DeliveredLog log;
    private final List<CompletableFuture<Void>> threads = new ArrayList<>();

    Traffic(HazelcastStore cluster) {
      store = cluster.connect();
      delivery = cluster.connectForDelivery();
      log = new DeliveredLog(delivery, 0);
      log.deliver();
      run(this::write);
      for (int reader = 0; reader < READERS; reader++) {
        run(this::read);
      }
    }

    private void run(Runnable task) {
      threads.add(CompletableFuture.runAsync(task, command -> new Thread(command).start()));
    }

    private void write() {
      while (!stop.get()) {
        CacheKey key = KEYS.get(ThreadLocalRandom.current().nextInt(KEYS.size()));
        long commit = lsn.get() + 1;
        requireNonNull(commits.get(key)).add(commit);
        lsn.set(commit);
        log.publish(new RoundBuilder(0).keys(key).ceiling(1, commit).watermark(1, commit, commit));
        log.tried();
        LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
      }
      log.deliver();
    }

    private void read() {
      while (!stop.get()) {
        CacheKey key = KEYS.get(ThreadLocalRandom.current().nextInt(KEYS.size()));
        try {
          ReadOutcome outcome = store.get(key).toCompletableFuture().join();
          if (outcome instanceof ReadOutcome.Hit hit) {
            hits.incrementAndGet();
            check(key, hit);
          } else if (outcome instanceof ReadOutcome.Granted granted) {
            fill(key, granted.lease());
          }
        } catch (CompletionException e) {
          if (!(e.getCause() instanceof StoreUnavailableException)) {
            violations.add(String.valueOf(e.getCause()));
          }
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }

    private void check(CacheKey key, ReadOutcome.Hit hit) {
      long value = ByteBuffer.wrap(hit.value().bytes().orElseThrow()).getLong();
      long vouched = requireNonNull(requireNonNull(commits.get(key)).floor(hit.applied().lsn()));
      if (value < vouched) {
        violations.add(key + " is of " + value + ", and A vouches for " + vouched + ": " + hit);
      }
    }

    private void fill(CacheKey key, Lease lease) {
      long value = requireNonNull(commits.get(key)).last();
      Value bytes = Value.of(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
      FillOutcome unused =
          store.fill(key, lease, bytes, Duration.ofHours(1)).toCompletableFuture().join();
    }

    /** Whether a key is served, and everything up to a commit is applied for it. */
    boolean isHitAt(CacheKey key, long commit) {
      try {
        Optional<ReadOutcome.Hit> hit = store.peek(key).toCompletableFuture().join();
        return hit.isPresent() && hit.get().applied().lsn() >= commit;
      } catch (CompletionException e) {
        return false;
      }
    }

    void stop() {
      stop.set(true);
      threads.forEach(CompletableFuture::join);
    }

    int mismatches() {
      return log.mismatches();
    }

    int outages() {
      return log.outages();
    }

    @Override
    public void close() {
      stop();
      store.close();
      delivery.close();
    }
  }
}
