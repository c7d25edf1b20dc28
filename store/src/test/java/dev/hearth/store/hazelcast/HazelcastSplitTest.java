package dev.hearth.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.Config;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.spi.merge.PutIfAbsentMergePolicy;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.ReadOutcome.Hit;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Two clusters of one name that know the same past (the same entries, positions and incarnations,
 * as after a split), live on apart, and merge: two members that stay, and one that joins them and
 * whose memory does not count.
 */
class HazelcastSplitTest {
  private static final String PREFIX = "split";
  private static final List<CacheKey> KEYS =
      IntStream.range(0, 40).mapToObj(n -> new CacheKey("products", "product:" + n)).toList();
  private static final Position BEFORE = new Position(1, 100);
  private static final Position AFTER = new Position(1, 200);
  private static final Value OLD = Value.of("old".getBytes(StandardCharsets.UTF_8));
  private static final Value NEW = Value.of("new".getBytes(StandardCharsets.UTF_8));

  /** The side that joins missed the invalidations. */
  @Test
  void entriesOfTheSideThatJoinsDoNotComeBack() {
    try (Sides sides = new Sides(config -> {})) {
      sides.staying().invalidateAll();

      sides.merge();

      for (CacheKey key : KEYS) {
        assertThat(sides.staying().get(key)).as("%s", key).isInstanceOf(ReadOutcome.Granted.class);
      }
    }
  }

  /** With Hazelcast's own merge policy they do, and A vouches for them: why ours is to discard. */
  @Test
  void theyComeBackWithTheMergePolicyThatHazelcastHasByDefault() {
    MapConfig usual =
        new MapConfig(PREFIX + ".entries")
            .setTimeToLiveSeconds(3600)
            .setMergePolicyConfig(
                new MergePolicyConfig(PutIfAbsentMergePolicy.class.getName(), 100));
    try (Sides sides = new Sides(config -> config.addMapConfig(new MapConfig(usual)))) {
      sides.staying().invalidateAll();

      sides.merge();

      assertThat(KEYS)
          .allSatisfy(
              key -> {
                Hit stale = (Hit) sides.staying().get(key);
                assertThat(stale.value()).isEqualTo(OLD);
                assertThat(stale.applied()).isEqualTo(AFTER);
              });
    }
  }

  /** The side that stays missed the invalidations: its entries are old, and so is its A. */
  @Test
  void aDeliveryOfTheSideThatJoinsReplaysWhatTheOtherMissed() {
    try (Sides sides = new Sides(config -> {})) {
      sides.joining().invalidateAll();
      KEYS.forEach(key -> sides.joining().fill(key, NEW));

      long merged = sides.merge();
      List<Hit> hits = sides.joining().hits();
      sides.joining().log.publish(new RoundBuilder(0).watermark(1, 300, 310));
      sides.joining().log.deliver();
      Duration untilSafe = Duration.ofNanos(System.nanoTime() - merged);

      assertThat(hits).isNotEmpty().allMatch(hit -> hit.value().equals(OLD));
      assertThat(hits).allMatch(hit -> hit.applied().equals(BEFORE));
      for (CacheKey key : KEYS) {
        ReadOutcome outcome = sides.joining().get(key);
        assertThat(outcome).as("%s", key).isInstanceOf(ReadOutcome.Granted.class);
        Lease lease = ((ReadOutcome.Granted) outcome).lease();
        assertThat(lease.applied()).as("%s", key).isEqualTo(new Position(1, 300));
      }
      assertThat(sides.joining().log.mismatches()).isPositive();
      System.out.println("Hazelcast merge: " + untilSafe.toMillis() + " ms from merge to replayed");
    }
  }

  /** One half of a cluster, its readers and its delivery. */
  private static final class Side implements AutoCloseable {
    private final List<HazelcastInstance> members = new ArrayList<>();
    private final HazelcastStore store;
    private final FencedStore reader;
    private final DeliveryTarget delivery;
    private final DeliveredLog log;

    Side(Members start, List<Config> configs) {
      configs.forEach(config -> members.add(start.start(config)));
      HazelcastStore.Options usual = HazelcastStore.Options.defaults();
      store =
          new HazelcastStore(
              "cache",
              members.get(0),
              PREFIX,
              1,
              new HazelcastStore.Options(
                  Duration.ofMinutes(5),
                  Duration.ofSeconds(4),
                  Duration.ZERO,
                  usual.threads(),
                  usual.tokens(),
                  () -> 7,
                  usual.nanoTime(),
                  usual.foreign()));
      reader = store.connect();
      delivery = store.connectForDelivery();
      log = new DeliveredLog(delivery, 0);
      log.deliver();
      log.publish(new RoundBuilder(0).watermark(1, 100, 110));
      log.deliver();
      KEYS.forEach(key -> fill(key, OLD));
    }

    void invalidateAll() {
      log.publish(
          new RoundBuilder(0)
              .keys(KEYS.toArray(CacheKey[]::new))
              .ceiling(1, 210)
              .watermark(1, 200, 205));
      log.deliver();
    }

    ReadOutcome get(CacheKey key) {
      return join(reader.get(key));
    }

    void fill(CacheKey key, Value value) {
      Lease lease = ((ReadOutcome.Granted) get(key)).lease();
      assertThat(join(reader.fill(key, lease, value, Duration.ofHours(1))))
          .isEqualTo(FillOutcome.STORED);
    }

    List<Hit> hits() {
      return KEYS.stream().map(key -> join(reader.peek(key))).flatMap(Optional::stream).toList();
    }

    @Override
    public void close() {
      reader.close();
      delivery.close();
      store.close();
    }
  }

  private static final class Sides implements AutoCloseable {
    private final Members members = new Members("split", 11);
    private final List<String> addresses = Members.addresses(3);
    private final Config joiningConfig;
    private final Side staying;
    private final Side joining;

    Sides(Consumer<Config> adjustment) {
      List<Config> configs = new ArrayList<>();
      for (String address : addresses.subList(0, 2)) {
        configs.add(members.config(address, addresses.subList(0, 2)));
      }
      joiningConfig = members.config(addresses.get(2), addresses.subList(2, 3));
      configs.forEach(adjustment);
      adjustment.accept(joiningConfig);
      staying = new Side(members, configs);
      joining = new Side(members, List.of(joiningConfig));
    }

    Side staying() {
      return staying;
    }

    Side joining() {
      return joining;
    }

    /** Lets the two see each other; returns when they are one and have their backups. */
    long merge() {
      AtomicBoolean merged = new AtomicBoolean();
      joining
          .members
          .get(0)
          .getLifecycleService()
          .addLifecycleListener(
              event -> {
                if (event.getState() == LifecycleState.MERGED) {
                  merged.set(true);
                }
              });
      joiningConfig.getNetworkConfig().getJoin().getTcpIpConfig().addMember(addresses.get(0));
      List<HazelcastInstance> all = new ArrayList<>(staying.members);
      all.addAll(joining.members);
      Eventually.until(
          "the clusters are one",
          () ->
              merged.get()
                  && all.stream()
                      .allMatch(
                          member ->
                              member.getLifecycleService().isRunning()
                                  && member.getCluster().getMembers().size() == all.size()
                                  && member.getPartitionService().isClusterSafe()));
      return System.nanoTime();
    }

    @Override
    public void close() {
      staying.close();
      joining.close();
      members.close();
    }
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
