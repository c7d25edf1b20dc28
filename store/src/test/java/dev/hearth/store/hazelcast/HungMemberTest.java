package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.Partition;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A member that answers nobody, while its connections stand. */
class HungMemberTest {
  private static final int THREADS = 2;

  /** What the threads of the hung member's partitions wait for; in this JVM, as the members are. */
  private static final CountDownLatch RELEASED = new CountDownLatch(1);

  @Test
  void holdsUpNoReadOfAnotherMember() {
    try (Members members = new Members("hung", 11)) {
      List<String> addresses = Members.addresses(2);
      HazelcastInstance lively = members.start(members.config(addresses.get(0), addresses));
      HazelcastInstance hung = members.start(members.config(addresses.get(1), addresses));
      try (HazelcastStore cluster =
              new HazelcastStore("cache", addresses, "hung", "test", 1, options());
          FencedStore store = cluster.connect()) {
        Eventually.until(
            "both have keys and answer",
            () ->
                List.of(lively, hung).stream()
                    .allMatch(
                        member ->
                            member.getCluster().getMembers().size() == 2
                                && member.getPartitionService().isClusterSafe()
                                && isAnswered(store, keysOf(member))));
        hang(hung);
        List<CacheKey> keysOfHung = keysOf(hung);
        List<CompletableFuture<ReadOutcome>> unanswered = new ArrayList<>();
        for (int i = 0; i < 5 * THREADS; i++) {
          unanswered.add(store.get(keysOfHung.get(i % keysOfHung.size())).toCompletableFuture());
        }

        // Not a lease: its marker would want a backup on the hung member.
        Eventually.until("reads of the other member", () -> isAnswered(store, keysOf(lively)));
        for (CompletableFuture<ReadOutcome> one : unanswered) {
          assertThatThrownBy(one::join)
              .hasCauseInstanceOf(StoreUnavailableException.class)
              .hasMessageContaining("no answer within 4000 ms");
        }
      } finally {
        RELEASED.countDown();
      }
    }
  }

  private static boolean isAnswered(FencedStore store, List<CacheKey> keys) {
    try {
      keys.forEach(key -> join(store.peek(key)));
      return !keys.isEmpty();
    } catch (CompletionException e) {
      return false;
    }
  }

  /** Every thread of a member that answers for a partition waits. */
  private static void hang(HazelcastInstance member) {
    IMap<String, Integer> map = member.getMap("other");
    for (Partition partition : member.getPartitionService().getPartitions()) {
      if (requireNonNull(partition.getOwner()).localMember()) {
        String key =
            IntStream.iterate(0, n -> n + 1)
                .mapToObj(Integer::toString)
                .filter(
                    name ->
                        member.getPartitionService().getPartition(name).getPartitionId()
                            == partition.getPartitionId())
                .findFirst()
                .orElseThrow();
        CompletionStage<Object> unused = map.submitToKey(key, new Hang());
      }
    }
  }

  private static List<CacheKey> keysOf(HazelcastInstance member) {
    return IntStream.range(0, 200)
        .mapToObj(n -> new CacheKey("products", "product:" + n))
        .filter(
            key ->
                member
                    .getCluster()
                    .getLocalMember()
                    .equals(
                        member
                            .getPartitionService()
                            .getPartition(HazelcastLayout.cellKey(key))
                            .getOwner()))
        .toList();
  }

  private static final class Hang implements EntryProcessor<String, Integer, Object> {
    private static final long serialVersionUID = 1L;

    @Override
    public Object process(Map.Entry<String, Integer> entry) {
      try {
        RELEASED.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return "released";
    }
  }

  private static HazelcastStore.Options options() {
    HazelcastStore.Options usual = HazelcastStore.Options.defaults();
    return new HazelcastStore.Options(
        usual.leaseTime(),
        Duration.ofSeconds(4),
        usual.advanceEvery(),
        THREADS,
        usual.tokens(),
        usual.incarnations(),
        usual.nanoTime(),
        usual.foreign());
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
