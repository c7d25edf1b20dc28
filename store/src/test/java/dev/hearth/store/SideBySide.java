package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import dev.hearth.store.FencedProtocol.Transition;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/**
 * A store and the pure protocol, doing the same random things with the same tokens and the same
 * incarnations. All keys share one meta record, in each kind of store. After each operation the
 * outcomes must be equal, and so must be what stands under the keys and in the record.
 */
final class SideBySide implements AutoCloseable {
  /** What a run of some length must have seen. */
  static final Set<String> OUTCOMES =
      Set.of(
          "Hit",
          "Hit of nothing",
          "Granted",
          "Granted over a void entry",
          "Granted over something foreign",
          "Hit with tags",
          "Granted with tags",
          "Granted over an entry of other tags",
          "TagsMissing",
          "Busy",
          "Uncertain",
          "STORED",
          "LEASE_LOST",
          "peek: Hit",
          "peek: empty",
          "release: removed",
          "release: harmless",
          "APPLIED",
          "AWAITING_WATERMARK",
          "WENT_BACK",
          "Resume",
          "no Resume");

  private static final Duration HOUR = Duration.ofHours(1);
  private static final byte[] FOREIGN = "somebody else's".getBytes(StandardCharsets.UTF_8);
  private static final String TOPIC = "topic";
  private static final int KEYS = 4;
  private static final int TAGS = 3;
  private static final String TAG_GROUP = "tags";
  private static final int REMEMBERED = 12;

  /** The store as it was, for the protocol and for the server. */
  private record Snapshot(State state, Map<String, byte[]> metas) {}

  private record Leased(CacheKey key, Lease lease) {}

  private final StoreUnderTest server;
  private final Random random;
  private final FencedStore store;
  private final DeliveryTarget delivery;
  private final int partition;
  private final List<CacheKey> keys;
  private final List<CacheKey> tags;
  private final String record;

  private final Map<String, Integer> reached = new TreeMap<>();
  private final Deque<Leased> leases = new ArrayDeque<>();
  private final Deque<Round> rounds = new ArrayDeque<>();
  private final Deque<Snapshot> snapshots = new ArrayDeque<>();

  private State state = State.EMPTY;
  private PartitionMemory memory = PartitionMemory.NOTHING;
  private LeaseToken token = new LeaseToken(0, 0);
  private long incarnation;
  private long epoch = 1;
  private long lsn = 100;
  private long offset;
  private long generation;

  SideBySide(StoreUnderTest server, Random random) {
    this.server = server;
    this.random = random;
    this.store = server.connect(HOUR, () -> token);
    this.delivery = server.connectForDelivery(() -> incarnation);
    CacheKey first = new CacheKey("products", "product:1");
    this.record = server.recordOf(first);
    this.partition = KeySlot.partitionOf(first.key(), StoreUnderTest.PARTITIONS);
    this.tags =
        Stream.iterate(1, n -> n + 1)
            .map(n -> new CacheKey(TAG_GROUP, "tag:" + n))
            .filter(key -> server.recordOf(key).equals(record))
            .limit(TAGS)
            .toList();
    Stream<CacheKey> entries =
        Stream.iterate(1, n -> n + 1)
            .map(n -> new CacheKey(n % 2 == 0 ? "orders" : "products", "product:" + n))
            .filter(key -> server.recordOf(key).equals(record))
            .limit(KEYS);
    this.keys = Stream.concat(entries, tags.stream()).toList();
    open();
  }

  /** How often each outcome was seen. */
  Map<String, Integer> reached() {
    return reached;
  }

  /** Does one thing on both sides and compares. */
  void step() {
    token = new LeaseToken(random.nextLong(), random.nextLong());
    incarnation = random.nextLong();
    int choice = random.nextInt(1000);
    if (choice < 380) {
      get(anyKey());
    } else if (choice < 580) {
      fill();
    } else if (choice < 660) {
      peek(anyKey());
    } else if (choice < 710) {
      release();
    } else if (choice < 780) {
      apply(touching().build());
    } else if (choice < 840) {
      apply(marked(round()).build());
    } else if (choice < 860) {
      apply(marked(touching()).build());
    } else if (choice < 875) {
      apply(touching().generation(anyKey().cache(), ++generation).build());
    } else if (choice < 885) {
      epoch++;
      apply(touching().build());
    } else if (choice < 890) {
      epoch++;
      apply(marked(round()).build());
    } else if (choice < 910) {
      replay();
    } else if (choice < 940) {
      evict(anyKey());
    } else if (choice < 960) {
      overwrite(anyKey());
    } else if (choice < 968) {
      loseMeta();
    } else if (choice < 972) {
      abandon();
    } else if (choice < 988) {
      snapshots.push(new Snapshot(state, server.metas(partition)));
    } else {
      goBack();
    }
    compareWhatStands();
  }

  private void get(CacheKey key) {
    Optional<Cell> before = Optional.ofNullable(state.cells().get(key));
    List<CacheKey> asked = anyTags(key);
    Outcome expected =
        protocol(new Operation.Get(key, token, asked.stream().map(state::tag).toList()));

    ReadOutcome actual = join(store.get(key, asked));

    assertThat(new Outcome.Read(actual)).isEqualTo(expected);
    if (actual instanceof ReadOutcome.Granted granted) {
      remember(leases, new Leased(key, granted.lease()));
      if (!asked.isEmpty()) {
        reach("Granted with tags");
      }
      boolean valid =
          before.isPresent()
              && before.get() instanceof Cell.Entry entry
              && entry.era().equals(granted.lease().era());
      if (valid) {
        reach("Granted over an entry of other tags");
      }
      reach(
          before
              .map(
                  cell ->
                      cell instanceof Cell.Foreign
                          ? "Granted over something foreign"
                          : "Granted over a void entry")
              .orElse("Granted"));
    } else if (actual instanceof ReadOutcome.Hit hit && !hit.tags().isEmpty()) {
      reach("Hit with tags");
    } else if (actual instanceof ReadOutcome.Hit hit && hit.value().isAbsent()) {
      reach("Hit of nothing");
    } else {
      reach(actual.getClass().getSimpleName());
    }
    if (actual instanceof ReadOutcome.TagsMissing missing && random.nextInt(4) > 0) {
      missing.tags().forEach(this::create);
    }
  }

  private void create(CacheKey tag) {
    token = new LeaseToken(random.nextLong(), random.nextLong());
    get(tag);
    Optional<Leased> newest = leases.stream().findFirst();
    if (newest.isPresent() && newest.get().key().equals(tag)) {
      fill(newest.get());
    }
  }

  private void fill() {
    anyLease().ifPresent(this::fill);
  }

  private void fill(Leased leased) {
    CacheKey key = leased.key();
    Lease lease = leased.lease();
    Value value = key.cache().equals(TAG_GROUP) ? anyTagValue() : anyValue();
    Outcome expected = protocol(new Operation.Fill(key, lease, value));

    FillOutcome actual = join(store.fill(key, lease, value, HOUR));

    assertThat(new Outcome.Filled(actual)).isEqualTo(expected);
    reach(actual.name());
  }

  private void peek(CacheKey key) {
    Outcome expected = protocol(new Operation.Peek(key));

    Optional<ReadOutcome.Hit> actual = join(store.peek(key));

    assertThat(new Outcome.Peeked(actual)).isEqualTo(expected);
    reach(actual.isPresent() ? "peek: Hit" : "peek: empty");
  }

  private void release() {
    Optional<Leased> leased = anyLease();
    if (leased.isEmpty()) {
      return;
    }
    State before = state;
    protocol(new Operation.Release(leased.get().key(), leased.get().lease()));

    join(store.release(leased.get().key(), leased.get().lease()));

    reach(state.equals(before) ? "release: harmless" : "release: removed");
  }

  /** A round on both sides; as a delivery does, opens the partition again where it went back. */
  private void apply(Round round) {
    remember(rounds, round);
    RoundOutcome expected = deliver(round);

    RoundOutcome actual = Objects.requireNonNull(delivery.apply(List.of(round)).get(partition));

    assertThat(actual).isEqualTo(expected);
    reach(actual.name());
    if (actual == RoundOutcome.WENT_BACK) {
      open();
    }
  }

  private RoundOutcome deliver(Round round) {
    long drawn = incarnation;
    PartitionMemory.Moves moves = memory.moves(round, () -> drawn);
    boolean replaced = true;
    if (moves.raise().isPresent()) {
      replaced &= replace(moves.expected(), moves.raise().get());
    }
    round.keys().forEach(key -> protocol(new Operation.Delete(key)));
    if (moves.advance().isPresent()) {
      replaced &= replace(moves.raise().or(moves::expected), moves.advance().get());
    }
    if (!replaced) {
      return RoundOutcome.WENT_BACK;
    }
    memory = new PartitionMemory(moves.result());
    return moves.result().isPresent() ? RoundOutcome.APPLIED : RoundOutcome.AWAITING_WATERMARK;
  }

  private boolean replace(Optional<Meta> expected, Meta next) {
    return protocol(new Operation.ReplaceMeta(expected, next)) instanceof Outcome.Replaced;
  }

  private void open() {
    memory = new PartitionMemory(state.meta());

    Optional<Resume> resume = delivery.open(partition);

    assertThat(resume).isEqualTo(state.meta().map(meta -> new Resume(TOPIC, meta.offset())));
    reach(resume.isPresent() ? "Resume" : "no Resume");
  }

  private void replay() {
    // A record that nothing touches and nothing moves is not written, so that nothing is noticed.
    List<Round> touching = rounds.stream().filter(round -> !round.keys().isEmpty()).toList();
    if (!touching.isEmpty()) {
      apply(touching.get(random.nextInt(touching.size())));
    }
  }

  private void evict(CacheKey key) {
    protocol(new Operation.Delete(key));
    server.deleteCell(key);
  }

  private void overwrite(CacheKey key) {
    state = state.with(key, new Cell.Foreign());
    server.putCell(key, FOREIGN);
  }

  private void loseMeta() {
    state = new State(state.cells(), Optional.empty());
    server.records(partition).forEach(server::deleteMeta);
  }

  private void abandon() {
    state = new State(state.cells(), Optional.empty());
    memory = PartitionMemory.NOTHING;
    delivery.abandon(partition);
  }

  /** The store is what it was, markers and positions too; its delivery learns nothing of it. */
  private void goBack() {
    if (snapshots.isEmpty()) {
      return;
    }
    int further = random.nextInt(Math.min(3, snapshots.size()));
    for (int i = 0; i < further; i++) {
      snapshots.pop();
    }
    Snapshot earlier = snapshots.pop();
    state = earlier.state();
    for (CacheKey key : keys) {
      Cell cell = state.cells().get(key);
      if (cell == null) {
        server.deleteCell(key);
      } else {
        server.putCell(key, encode(cell));
      }
    }
    for (String one : server.records(partition)) {
      byte[] bytes = earlier.metas().get(one);
      if (bytes == null) {
        server.deleteMeta(one);
      } else {
        server.putMeta(one, bytes);
      }
    }
  }

  private void compareWhatStands() {
    Map<CacheKey, Cell> cells = new HashMap<>();
    for (CacheKey key : keys) {
      server.cell(key).ifPresent(bytes -> cells.put(key, CellCodec.decode(bytes)));
    }
    assertThat(new State(cells, server.meta(record).flatMap(MetaCodec::decode))).isEqualTo(state);
  }

  private Outcome protocol(Operation operation) {
    Transition transition = FencedProtocol.apply(state, operation);
    state = transition.state();
    return transition.outcome();
  }

  private RoundBuilder round() {
    return new RoundBuilder(partition).topic(TOPIC).offset(++offset);
  }

  private RoundBuilder touching() {
    lsn += 1 + random.nextInt(10);
    CacheKey[] touched =
        keys.stream().filter(key -> random.nextInt(4) == 0).toArray(CacheKey[]::new);
    return round()
        .keys(touched.length == 0 ? new CacheKey[] {anyKey()} : touched)
        .ceiling(epoch, lsn);
  }

  private RoundBuilder marked(RoundBuilder round) {
    lsn += random.nextInt(10);
    long marksEpoch = random.nextInt(10) == 0 ? Math.max(0, epoch - 1) : epoch;
    return round.watermark(marksEpoch, lsn - random.nextInt(20), lsn);
  }

  private CacheKey anyKey() {
    return keys.get(random.nextInt(keys.size()));
  }

  /** Mostly one of the newest. */
  private Optional<Leased> anyLease() {
    int skipped = random.nextInt(3) == 0 ? random.nextInt(REMEMBERED) : random.nextInt(2);
    return leases.stream().skip(skipped).findFirst();
  }

  /** Mostly the one or two that the key is always read with, so that some reads hit. */
  private List<CacheKey> anyTags(CacheKey key) {
    if (key.cache().equals(TAG_GROUP) || key.equals(keys.get(0))) {
      return List.of();
    }
    return random.nextInt(3) == 0
        ? tags.stream().filter(tag -> random.nextBoolean()).toList()
        : tags.subList(0, 1 + Math.floorMod(key.hashCode(), 2));
  }

  private Value anyTagValue() {
    return random.nextInt(20) == 0
        ? anyValue()
        : new TagToken(random.nextLong(), random.nextLong()).value();
  }

  private Value anyValue() {
    int choice = random.nextInt(6);
    if (choice == 0) {
      return Value.absent();
    }
    byte[] bytes = new byte[choice == 1 ? 0 : random.nextInt(40)];
    random.nextBytes(bytes);
    return Value.of(bytes);
  }

  private void reach(String outcome) {
    reached.merge(outcome, 1, Integer::sum);
  }

  private static <T> void remember(Deque<T> newestFirst, T one) {
    newestFirst.push(one);
    if (newestFirst.size() > REMEMBERED) {
      newestFirst.removeLast();
    }
  }

  private static byte[] encode(Cell cell) {
    if (cell instanceof Cell.Marker marker) {
      return CellCodec.marker(marker.token());
    }
    if (cell instanceof Cell.Entry entry) {
      Position anyRaised = entry.stamp();
      Lease lease =
          new Lease(new LeaseToken(0, 0), entry.stamp(), anyRaised, entry.era(), entry.tags());
      return CellCodec.entry(lease, entry.value());
    }
    return FOREIGN;
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  @Override
  public void close() {
    store.close();
    delivery.close();
  }
}
