package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.core.HazelcastInstance;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Round;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two members, of which one dies: what was acknowledged is in its backup. */
class HazelcastFailoverTest {
  private static final int PARTITION = 0;
  private static final Duration BOUND = Duration.ofSeconds(30);
  private static final List<CacheKey> KEYS =
      IntStream.range(0, 60).mapToObj(n -> new CacheKey("products", "product:" + n)).toList();
  private static final List<CacheKey> FILLED = KEYS.subList(0, 40);
  private static final List<CacheKey> INVALIDATED = KEYS.subList(20, 60);

  private final Members members = new Members("failover", 11);

  @AfterEach
  void stopMembers() {
    members.close();
  }

  @Test
  void losesNothingThatWasAcknowledgedWhenAMemberDies() {
    List<String> addresses = Members.addresses(2);
    HazelcastInstance first = members.start(members.config(addresses.get(0), addresses));
    HazelcastInstance second = members.start(members.config(addresses.get(1), addresses));
    Eventually.until(
        "two members with backups",
        () ->
            second.getCluster().getMembers().size() == 2
                && first.getPartitionService().isClusterSafe()
                && second.getPartitionService().isClusterSafe());
    try (HazelcastStore cluster =
        new HazelcastStore("cache", addresses, "failover", "test", 1, options())) {
      FencedStore store = cluster.connect();
      DeliveryTarget delivery = cluster.connectForDelivery();
      reopen(delivery);
      apply(delivery, new RoundBuilder(PARTITION).watermark(1, 100, 110).offset(5).build());
      Map<CacheKey, Lease> leases = new HashMap<>();
      for (CacheKey key : KEYS) {
        leases.put(key, ((ReadOutcome.Granted) answer(() -> store.get(key))).lease());
      }
      for (CacheKey key : FILLED) {
        fill(store, key, leases);
      }
      apply(
          delivery,
          new RoundBuilder(PARTITION)
              .keys(INVALIDATED.toArray(CacheKey[]::new))
              .ceiling(1, 200)
              .watermark(1, 190, 195)
              .offset(6)
              .build());

      Members.kill(first);

      for (CacheKey key : INVALIDATED) {
        assertThat(fill(store, key, leases)).as("%s", key).isEqualTo(FillOutcome.LEASE_LOST);
        ReadOutcome outcome = answer(() -> store.get(key));
        assertThat(outcome).as("%s", key).isNotInstanceOf(ReadOutcome.Hit.class);
        if (outcome instanceof ReadOutcome.Granted granted) {
          assertThat(granted.lease().raised()).as("%s", key).isEqualTo(new Position(1, 200));
        }
      }
      for (CacheKey key : KEYS.subList(0, 20)) {
        assertThat(answer(() -> store.get(key))).as("%s", key).isInstanceOf(ReadOutcome.Hit.class);
      }
      assertThat(reopen(delivery)).isPresent();
      apply(delivery, new RoundBuilder(PARTITION).watermark(1, 300, 310).offset(7).build());
    }
  }

  @Test
  void tellsItsMembersByIdsThatTheNextMemberDoesNotShare() {
    List<String> addresses = Members.addresses(3);
    HazelcastInstance first = members.start(members.config(addresses.get(0), addresses));
    HazelcastInstance second = members.start(members.config(addresses.get(1), addresses));
    try (HazelcastStore cluster =
            new HazelcastStore("cache", addresses, "failover", "test", 1, options());
        FencedStore store = cluster.connect()) {
      awaitMembers(store, first, second);

      Members.kill(first);
      awaitMembers(store, second);
      HazelcastInstance third = members.start(members.config(addresses.get(2), addresses));
      awaitMembers(store, second, third);

      cluster.close();
      assertThat(store.members()).isEmpty();
    }
  }

  /** A client learns of them a moment later. */
  private static void awaitMembers(FencedStore store, HazelcastInstance... expected) {
    Set<String> ids =
        Stream.of(expected)
            .map(member -> member.getCluster().getLocalMember().getUuid().toString())
            .collect(Collectors.toSet());
    Eventually.until("the store tells members " + ids, () -> store.members().equals(ids));
  }

  private static FillOutcome fill(FencedStore store, CacheKey key, Map<CacheKey, Lease> leases) {
    Lease lease = requireNonNull(leases.get(key));
    return answer(() -> store.fill(key, lease, Value.absent(), Duration.ofHours(1)));
  }

  /** A store that does not answer for a moment is asked again. */
  private static <T> T answer(Supplier<CompletionStage<T>> operation) {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      try {
        return join(operation.get());
      } catch (CompletionException e) {
        if (!(e.getCause() instanceof StoreUnavailableException)
            || System.nanoTime() - deadline > 0) {
          throw e;
        }
      }
    }
  }

  /** As a delivery does: where the store did not answer, opens and applies again. */
  private static void apply(DeliveryTarget delivery, Round round) {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      try {
        assertThat(delivery.apply(List.of(round))).containsEntry(PARTITION, RoundOutcome.APPLIED);
        return;
      } catch (StoreUnavailableException e) {
        if (System.nanoTime() - deadline > 0) {
          throw e;
        }
        reopen(delivery);
      }
    }
  }

  private static Optional<Resume> reopen(DeliveryTarget delivery) {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      try {
        return delivery.open(PARTITION);
      } catch (StoreUnavailableException e) {
        if (System.nanoTime() - deadline > 0) {
          throw e;
        }
      }
    }
  }

  private static HazelcastStore.Options options() {
    HazelcastStore.Options usual = HazelcastStore.Options.defaults();
    return new HazelcastStore.Options(
        Duration.ofMinutes(5),
        Duration.ofSeconds(4),
        usual.advanceEvery(),
        usual.threads(),
        usual.tokens(),
        usual.incarnations(),
        usual.nanoTime(),
        usual.foreign());
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
