package dev.hearth.store;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * As {@link StoreEquivalenceTest}, for what Hazelcast has more of: many meta records for one
 * partition of the invalidations, of which a round touches some, voids all, carries some along, and
 * of which single ones are lost or go back. All outcomes, and at the end all bytes, must be those
 * of the pure parts. {@code -Dhearth.seed=} repeats a run, {@code -Dhearth.operations=} sets its
 * length.
 */
class ManyRecordsEquivalenceTest {
  /** Shorter runs, asked for by hand, need not reach everything. */
  private static final int ENOUGH_FOR_EVERY_OUTCOME = 10_000;

  private static final int OPERATIONS = Integer.getInteger("hearth.operations", 10_000);
  private static final long SEED = Cases.seed();
  private static final Set<String> EVERYTHING =
      Set.of(
          "Hit",
          "Hit with tags",
          "TagsMissing",
          "Granted",
          "Busy",
          "Uncertain",
          "STORED",
          "LEASE_LOST",
          "APPLIED",
          "AWAITING_WATERMARK",
          "WENT_BACK",
          "Resume",
          "no Resume");

  @Test
  void hazelcastDoesAsTheProtocolWithManyRecords() {
    try (StoreUnderTest server = new HazelcastUnderTest()) {
      System.out.println("Hazelcast, many records: -Dhearth.seed=" + SEED);
      Comparison comparison = new Comparison(server, new Random(SEED));
      for (int i = 0; i < OPERATIONS; i++) {
        comparison.step("-Dhearth.seed=" + SEED + ", operation " + i);
      }
      comparison.compareBytes();
      System.out.println(
          "Hazelcast, many records: " + OPERATIONS + " operations, outcomes " + comparison.reached);
      if (OPERATIONS >= ENOUGH_FOR_EVERY_OUTCOME) {
        assertThat(comparison.reached.keySet()).containsAll(EVERYTHING);
      }
    }
  }

  /** Both sides, and what the random operations need to remember. */
  private static final class Comparison {
    private static final String[] CACHES = {"products", "orders"};
    private static final String TAG_GROUP = "tags";
    private static final int PARTITIONS_USED = 2;

    private final StoreUnderTest server;
    private final Random random;
    private final List<CacheKey> keys;
    private final Model model;
    private final FencedStore store;
    private final DeliveryTarget delivery;
    private final List<Granted> leases = new ArrayList<>();
    private final Map<Integer, Map<String, byte[]>> snapshots = new HashMap<>();
    private final Map<String, Integer> reached = new TreeMap<>();
    private LeaseToken nextToken = new LeaseToken(0, 0);
    private long incarnation;
    private long epoch = 1;
    private long lsn = 100;
    private long offset;

    private record Granted(CacheKey key, Lease lease) {}

    Comparison(StoreUnderTest server, Random random) {
      this.server = server;
      this.random = random;
      this.keys = keys();
      this.model = new Model(server, () -> incarnation);
      this.store = server.connect(Duration.ofHours(1), () -> nextToken);
      this.delivery = server.connectForDelivery(() -> incarnation);
      for (int partition = 0; partition < PARTITIONS_USED; partition++) {
        open("at first", partition);
      }
    }

    /** In three of four are entries, in the fourth are tags. */
    private static List<CacheKey> keys() {
      return Stream.iterate(0, n -> n + 1)
          .map(n -> new CacheKey(n % 4 == 3 ? TAG_GROUP : CACHES[n % CACHES.length], "key:" + n))
          .filter(
              key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) < PARTITIONS_USED)
          .limit(24)
          .toList();
    }

    void step(String which) {
      int dice = random.nextInt(1000);
      if (dice < 450) {
        get(which, anyKey());
      } else if (dice < 700) {
        fill(which);
      } else if (dice < 940) {
        round(which, anyPartition());
      } else if (dice < 960) {
        CacheKey key = anyKey();
        server.deleteCell(key);
        model.run(key, new Operation.Delete(key));
      } else if (dice < 975) {
        CacheKey key = anyKey();
        server.putCell(key, new byte[] {1, 2, 3});
        model.putForeign(key);
      } else if (dice < 985) {
        loseARecord(anyPartition());
      } else if (dice < 990) {
        int partition = anyPartition();
        snapshots.put(partition, server.metas(partition));
      } else if (dice < 997) {
        goBack(anyPartition());
      } else {
        int partition = anyPartition();
        delivery.abandon(partition);
        model.abandon(partition);
      }
    }

    private void get(String which, CacheKey key) {
      nextToken = new LeaseToken(random.nextLong(), random.nextLong());

      List<CacheKey> tags = tagsOf(key);

      ReadOutcome actual = join(store.get(key, tags));
      Outcome expected =
          model.run(key, new Operation.Get(key, nextToken, tags.stream().map(model::tag).toList()));

      assertThat(actual)
          .as("%s: get of %s", which, key)
          .isEqualTo(((Outcome.Read) expected).outcome());
      reach(
          actual instanceof ReadOutcome.Hit hit && !hit.tags().isEmpty()
              ? "Hit with tags"
              : actual.getClass().getSimpleName());
      if (actual instanceof ReadOutcome.Granted granted) {
        leases.add(new Granted(key, granted.lease()));
      }
    }

    private void fill(String which) {
      if (leases.isEmpty()) {
        return;
      }
      // Mostly a recent lease; it stays in the list, and may be used again.
      int back = random.nextInt(random.nextInt(4) == 0 ? leases.size() : 1 + leases.size() / 40);
      Granted granted = leases.get(leases.size() - 1 - back);
      Value value = anyValue(granted.key());

      FillOutcome actual =
          join(store.fill(granted.key(), granted.lease(), value, Duration.ofHours(1)));
      Outcome expected =
          model.run(granted.key(), new Operation.Fill(granted.key(), granted.lease(), value));

      assertThat(actual)
          .as("%s: fill of %s", which, granted.key())
          .isEqualTo(((Outcome.Filled) expected).outcome());
      reach(actual.name());
    }

    private Value anyValue(CacheKey key) {
      if (key.cache().equals(TAG_GROUP)) {
        return new TagToken(random.nextLong(), random.nextLong()).value();
      }
      return random.nextInt(5) == 0
          ? Value.absent()
          : Value.of(Long.toString(random.nextLong()).getBytes(StandardCharsets.UTF_8));
    }

    /** None, one or two, always the same for a key, mostly of other records than the key's. */
    private List<CacheKey> tagsOf(CacheKey key) {
      return key.cache().equals(TAG_GROUP)
          ? List.of()
          : keys.stream()
              .filter(tag -> tag.cache().equals(TAG_GROUP))
              .skip(Math.floorMod(key.hashCode(), 5))
              .limit(Math.floorMod(key.hashCode(), 3))
              .toList();
    }

    private void round(String which, int partition) {
      Round round = anyRound(partition);
      incarnation = random.nextLong();

      RoundOutcome actual = requireNonNull(delivery.apply(List.of(round)).get(partition));
      RoundOutcome expected = model.apply(round);

      assertThat(actual).as("%s: %s", which, round).isEqualTo(expected);
      reach(actual.name());
      if (actual == RoundOutcome.WENT_BACK || random.nextInt(50) == 0) {
        open(which, partition);
      }
    }

    private void open(String which, int partition) {
      Optional<Resume> actual = delivery.open(partition);
      Optional<Resume> expected = model.open(partition);

      assertThat(actual).as("%s: open of %d", which, partition).isEqualTo(expected);
      reach(actual.isPresent() ? "Resume" : "no Resume");
    }

    private Round anyRound(int partition) {
      lsn += random.nextInt(10);
      offset += 1 + random.nextInt(5);
      // Now and then a round that was applied long ago.
      long back = random.nextInt(10) == 0 ? random.nextInt(50) : 0;
      long at = Math.max(0, lsn - back);
      if (random.nextInt(60) == 0) {
        epoch++;
      }
      long of = Math.max(0, epoch - (random.nextInt(30) == 0 ? 1 : 0));
      Set<CacheKey> touched = new HashSet<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        CacheKey key = anyKey();
        if (KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == partition) {
          touched.add(key);
        }
      }
      Map<String, Long> generations =
          random.nextInt(12) == 0
              ? Map.of(CACHES[random.nextInt(2)], 1L + random.nextInt(20))
              : Map.of();
      Optional<Watermark> mark =
          random.nextInt(3) == 0
              ? Optional.empty()
              : Optional.of(new Watermark(new Position(of, at), at + 5, Instant.EPOCH));
      return new Round(
          partition,
          touched.isEmpty() && generations.isEmpty() ? Position.NONE : new Position(of, at + 7),
          touched,
          generations,
          mark,
          "topic",
          Math.max(0, offset - back));
    }

    private void loseARecord(int partition) {
      List<String> records = server.records(partition);
      String record = records.get(random.nextInt(records.size()));
      server.deleteMeta(record);
      model.setMeta(record, Optional.empty());
    }

    private void goBack(int partition) {
      snapshots
          .getOrDefault(partition, Map.of())
          .forEach(
              (record, bytes) -> {
                server.putMeta(record, bytes);
                model.setMeta(record, MetaCodec.decode(bytes));
              });
    }

    void compareBytes() {
      for (CacheKey key : keys) {
        assertThat(server.cell(key).map(CellCodec::decode))
            .as("seed %d: cell of %s", SEED, key)
            .isEqualTo(model.cell(key));
      }
      for (int partition = 0; partition < PARTITIONS_USED; partition++) {
        for (String record : server.records(partition)) {
          assertThat(server.meta(record).flatMap(MetaCodec::decode))
              .as("seed %d: record %s", SEED, record)
              .isEqualTo(model.meta(record));
        }
      }
    }

    private CacheKey anyKey() {
      return keys.get(random.nextInt(keys.size()));
    }

    private int anyPartition() {
      return random.nextInt(PARTITIONS_USED);
    }

    private void reach(String outcome) {
      reached.merge(outcome, 1, Integer::sum);
    }

    private static <T> T join(CompletionStage<T> stage) {
      return stage.toCompletableFuture().join();
    }
  }

  /**
   * A whole store made of the pure parts: a state and a delivery's memory for each meta record. A
   * round writes to the records that it touches, to those that it voids, to those that are missing,
   * and carries the rest along.
   */
  private static final class Model {
    private final StoreUnderTest layout;
    private final LongSupplier incarnations;
    private final Map<String, State> states = new HashMap<>();
    private final Map<String, PartitionMemory> memories = new HashMap<>();
    private final Map<Integer, Optional<Watermark>> latest = new HashMap<>();
    private final Map<CacheKey, String> homes = new HashMap<>();
    private final Map<Integer, List<String>> records = new HashMap<>();

    Model(StoreUnderTest layout, LongSupplier incarnations) {
      this.layout = layout;
      this.incarnations = incarnations;
    }

    private String home(CacheKey key) {
      return homes.computeIfAbsent(key, layout::recordOf);
    }

    private List<String> records(int partition) {
      return records.computeIfAbsent(partition, layout::records);
    }

    private State state(String record) {
      return states.getOrDefault(record, State.EMPTY);
    }

    Optional<Cell> cell(CacheKey key) {
      return Optional.ofNullable(state(home(key)).cells().get(key));
    }

    Optional<Meta> meta(String record) {
      return state(record).meta();
    }

    TagRead tag(CacheKey tag) {
      return state(home(tag)).tag(tag);
    }

    Outcome run(CacheKey key, Operation operation) {
      return run(home(key), operation);
    }

    private Outcome run(String record, Operation operation) {
      FencedProtocol.Transition transition = FencedProtocol.apply(state(record), operation);
      states.put(record, transition.state());
      return transition.outcome();
    }

    void putForeign(CacheKey key) {
      states.put(home(key), state(home(key)).with(key, new Cell.Foreign()));
    }

    void setMeta(String record, Optional<Meta> meta) {
      states.put(record, new State(state(record).cells(), meta));
    }

    void abandon(int partition) {
      for (String record : records(partition)) {
        setMeta(record, Optional.empty());
      }
      open(partition);
    }

    Optional<Resume> open(int partition) {
      latest.put(partition, Optional.empty());
      Optional<Resume> lowest = Optional.empty();
      for (String record : records(partition)) {
        Optional<Meta> found = meta(record);
        memories.put(record, new PartitionMemory(found));
        if (found.isPresent()
            && (lowest.isEmpty() || found.get().offset() < lowest.get().offset())) {
          lowest = Optional.of(new Resume(found.get().topicId(), found.get().offset()));
        }
      }
      return lowest;
    }

    RoundOutcome apply(Round round) {
      int partition = round.partition();
      Map<String, PartitionMemory.Moves> moves = moves(round);
      boolean wentBack = false;
      for (String record : moves.keySet()) {
        PartitionMemory.Moves one = requireNonNull(moves.get(record));
        if (one.raise().isPresent()) {
          wentBack |= mismatch(record, one.expected(), one.raise().get());
        }
      }
      round.keys().forEach(key -> run(key, new Operation.Delete(key)));
      if (!wentBack) {
        for (String record : moves.keySet()) {
          PartitionMemory.Moves one = requireNonNull(moves.get(record));
          if (one.advance().isPresent()) {
            wentBack |= mismatch(record, one.raise().or(one::expected), one.advance().get());
          }
        }
      }
      if (wentBack) {
        return RoundOutcome.WENT_BACK;
      }
      moves.forEach((record, one) -> memories.put(record, new PartitionMemory(one.result())));
      return records(partition).stream().allMatch(record -> memory(record).last().isPresent())
          ? RoundOutcome.APPLIED
          : RoundOutcome.AWAITING_WATERMARK;
    }

    private boolean mismatch(String record, Optional<Meta> expected, Meta next) {
      return run(record, new Operation.ReplaceMeta(expected, next)) instanceof Outcome.Mismatch;
    }

    private PartitionMemory memory(String record) {
      return memories.getOrDefault(record, PartitionMemory.NOTHING);
    }

    private Map<String, PartitionMemory.Moves> moves(Round round) {
      int partition = round.partition();
      List<String> all = records(partition);
      Optional<Watermark> mark =
          round.watermark().or(() -> latest.getOrDefault(partition, Optional.empty()));
      latest.put(partition, mark);
      Set<String> touched = new TreeSet<>();
      round.keys().forEach(key -> touched.add(home(key)));
      Map<String, PartitionMemory.Moves> moves = new TreeMap<>();
      for (String record : all) {
        PartitionMemory memory = memory(record);
        if (memory.last().isEmpty()) {
          moves.put(record, memory.moves(round, incarnations));
          continue;
        }
        boolean effect = touched.contains(record) || voids(round, mark, memory.last().get());
        Round seen =
            new Round(
                partition,
                effect ? round.ceiling() : Position.NONE,
                Set.of(),
                round.generations(),
                mark,
                round.topicId(),
                round.lastOffset());
        PartitionMemory.Moves one = memory.moves(seen, incarnations);
        if (effect || !one.result().equals(memory.last())) {
          moves.put(record, one);
        }
      }
      return moves;
    }

    private static boolean voids(Round round, Optional<Watermark> mark, Meta last) {
      Round marks =
          new Round(
              round.partition(),
              new Position(round.ceiling().epoch(), 0),
              Set.of(),
              round.generations(),
              mark,
              round.topicId(),
              round.lastOffset());
      return !last.raisedBy(marks).equals(last);
    }
  }
}
