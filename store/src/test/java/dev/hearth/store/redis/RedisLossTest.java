package dev.hearth.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Era;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RedisUnderTest;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A Redis that loses what it held: flushed, started from an older dump, evicting. After the repair
 * no value is a hit whose A vouches for a position that the value missed. Tests named {@code
 * broken...} take a protection away and expect just that.
 */
@SuppressWarnings("NullAway.Init") // by start(), with the settings that a test needs
class RedisLossTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);
  private static final Value OLD = value("old");
  private static final Value NEW = value("new");
  private static final Position CHANGE = new Position(1, 200);

  private final AtomicLong incarnations = new AtomicLong(1000);
  private RedisUnderTest server;
  private FencedStore store;
  private DeliveredLog log;

  private void start(LongSupplier incarnations, String... settings) {
    server = new RedisUnderTest(settings);
    store = server.connect(HOUR, LeaseToken::random);
    log = delivery(incarnations);
    log.deliver();
    log.publish(mark(100));
    log.deliver();
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  /** R15. */
  @Test
  void afterAFlushNothingIsBelievedUntilANewIncarnation() {
    start(incarnations::incrementAndGet);
    Era before = fill(KEY, OLD).era();
    Lease pending = lease(sibling());

    server.redis().flushall();
    long flushed = System.nanoTime();
    ReadOutcome inBetween = get(KEY);
    FillOutcome late = join(store.fill(sibling(), pending, OLD, HOUR));
    log.publish(change());
    log.deliver();
    log.publish(mark(210));
    log.deliver();
    Lease after = lease(KEY);
    long safe = System.nanoTime();

    System.out.printf("Redis flushed: safe again after %.1f ms%n", (safe - flushed) / 1e6);
    assertThat(inBetween).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(late).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(log.mismatches()).isEqualTo(1);
    assertThat(after.era().incarnation()).isNotEqualTo(before.incarnation());
    assertThat(after.raised().atLeast(new Position(1, 210))).isTrue();
  }

  @Test
  void anEntryThatSurvivesTheLossOfItsRecordIsNotBelieved() {
    start(incarnations::incrementAndGet);

    loseTheRecordAndMissAChange();

    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  /** Protection off: incarnations are all the same. */
  @Test
  void brokenWithoutIncarnationsAnEntryThatMissedAChangeIsBelieved() {
    start(() -> 7);

    loseTheRecordAndMissAChange();

    assertThat(vouchedFor(get(KEY), OLD)).isTrue();
  }

  /** The record goes, the entry stays, and the delivery goes on behind a change of its key. */
  private void loseTheRecordAndMissAChange() {
    fill(KEY, OLD);
    server.deleteMeta(server.recordOf(KEY));
    log.publish(mark(150));
    log.publish(change());
    log.deliver();
    assertThat(server.cell(KEY)).isPresent();
    log.publish(mark(210));
    log.deliver();
  }

  /** R15. */
  @Test
  void afterAStartFromAnOlderDumpTheLogIsReplayedFromThePositionInTheStore() {
    start(incarnations::incrementAndGet);
    goBackToADumpWithTheOldValue();
    long back = System.nanoTime();

    ReadOutcome unrepaired = Eventually.answered(() -> get(KEY));
    // The next heartbeat; it meets another server than the rounds before it.
    log.publish(mark(220));
    log.deliver();
    ReadOutcome repaired = get(KEY);
    long safe = System.nanoTime();

    System.out.printf("Redis on an older dump: safe after %.1f ms%n", (safe - back) / 1e6);
    // Its A is honest: it says that the change is not applied.
    ReadOutcome.Hit stale = (ReadOutcome.Hit) unrepaired;
    assertThat(stale.value()).isEqualTo(OLD);
    assertThat(stale.applied().atLeast(CHANGE)).isFalse();
    assertThat(repaired).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(((ReadOutcome.Granted) repaired).lease().applied().atLeast(CHANGE)).isTrue();
  }

  /** Protection off: what was applied is remembered outside the store, and written to it. */
  @Test
  void brokenWithAKeptOutsideTheStoreTheOldValueIsVouchedFor() {
    start(incarnations::incrementAndGet);
    Meta remembered = goBackToADumpWithTheOldValue();

    Eventually.answered(() -> get(KEY));
    server.putMeta(server.recordOf(KEY), MetaCodec.encode(remembered));
    log.publish(mark(220));
    log.deliver();

    assertThat(vouchedFor(get(KEY), OLD)).isTrue();
  }

  /**
   * A dump with the old value; then the change, applied and vouched for, and the new value; then
   * the server dies and comes back with the dump.
   *
   * @return the record before the server died
   */
  private Meta goBackToADumpWithTheOldValue() {
    fill(KEY, OLD);
    server.redis().save();
    log.publish(change());
    log.publish(mark(210));
    log.deliver();
    fill(KEY, NEW);
    assertThat(vouchedFor(get(KEY), NEW)).isTrue();
    Meta before = server.meta(server.recordOf(KEY)).flatMap(MetaCodec::decode).orElseThrow();
    server.server().kill();
    server.server().start();
    return before;
  }

  /**
   * Entries, leases and records are evicted at random moments; a database that changes tells what
   * each key should hold.
   */
  @Test
  void evictionCostsHitsAndNeverAStaleOne() {
    long seed = Cases.seed();
    int steps = Cases.number(4_000);
    start(
        incarnations::incrementAndGet,
        "maxmemory 3mb",
        "maxmemory-policy allkeys-lru",
        "maxmemory-samples 3");
    Random random = new Random(seed);
    List<CacheKey> keys = keys(40);
    Map<CacheKey, Integer> database = new HashMap<>();
    Map<CacheKey, LeasedVersion> leases = new HashMap<>();
    Seen seen = new Seen();
    long lsn = 1_000;

    for (int step = 0; step < steps; step++) {
      CacheKey key = keys.get(random.nextInt(keys.size()));
      int choice = step % 100 == 99 ? 99 : random.nextInt(98);
      if (choice < 50) {
        ReadOutcome outcome = get(key);
        seen.read(outcome, database.getOrDefault(key, 0), key);
        if (outcome instanceof ReadOutcome.Granted granted) {
          leases.put(key, new LeasedVersion(granted.lease(), database.getOrDefault(key, 0)));
        }
      } else if (choice < 90) {
        LeasedVersion held = leases.remove(key);
        if (held != null) {
          Value loaded = value(held.version() + ":" + "x".repeat(500));
          FillOutcome fill = join(store.fill(key, held.lease(), loaded, HOUR));
          // Every change was delivered at once: a lost lease of the newest version was evicted.
          boolean newest = held.version() == database.getOrDefault(key, 0);
          seen.evictedLeases += newest && fill == FillOutcome.LEASE_LOST ? 1 : 0;
        }
      } else if (choice < 98) {
        database.merge(key, 1, Integer::sum);
        lsn += 10;
        log.publish(new RoundBuilder(PARTITION).keys(key).ceiling(1, lsn));
        log.publish(mark(lsn));
        log.deliver();
      } else {
        press(random);
      }
    }

    System.out.println("Redis evicting: " + seen + ", lost records " + log.mismatches());
    assertThat(seen.stale).as("-Dhearth.seed=%d", seed).isEmpty();
    assertThat(seen.hits).as("-Dhearth.seed=%d", seed).isPositive();
    assertThat(seen.evictedLeases).as("-Dhearth.seed=%d", seed).isPositive();
    assertThat(log.mismatches()).as("-Dhearth.seed=%d", seed).isPositive();
  }

  @Test
  void aServerWithoutMemoryStillLosesItsEntriesAndVouchesForNothingMore() {
    start(incarnations::incrementAndGet, "maxmemory-policy noeviction");
    fill(KEY, OLD);
    Position applied = ((ReadOutcome.Hit) get(KEY)).applied();
    server.redis().configSet("maxmemory", "1");
    assertThatThrownBy(() -> server.redis().set(bytes("other"), bytes("value")))
        .hasMessageStartingWith("OOM");

    log.publish(change());
    log.publish(mark(210));
    boolean delivered = log.tried();

    assertThat(delivered).isFalse();
    assertThat(server.cell(KEY)).isEmpty();
    Meta record = server.meta(server.recordOf(KEY)).flatMap(MetaCodec::decode).orElseThrow();
    assertThat(record.applied()).isEqualTo(applied);
    server.redis().configSet("maxmemory", "0");
    log.deliver();
    assertThat(lease(KEY).applied().atLeast(CHANGE)).isTrue();
  }

  private record LeasedVersion(Lease lease, int version) {}

  private static final class Seen {
    private final List<String> stale = new ArrayList<>();
    private int hits;
    private int uncertain;
    private int evictedLeases;

    void read(ReadOutcome outcome, int newest, CacheKey key) {
      uncertain += outcome instanceof ReadOutcome.Uncertain ? 1 : 0;
      if (outcome instanceof ReadOutcome.Hit hit) {
        hits++;
        String text = new String(hit.value().bytes().orElseThrow(), StandardCharsets.UTF_8);
        int version = Integer.parseInt(text.substring(0, text.indexOf(':')));
        if (version < newest) {
          stale.add(key + " is version " + version + " of " + newest);
        }
      }
    }

    @Override
    public String toString() {
      return "hits %d, uncertain %d, evicted leases %d, stale %d"
          .formatted(hits, uncertain, evictedLeases, stale.size());
    }
  }

  /** Another application fills the server. */
  private void press(Random random) {
    byte[] ballast = new byte[4_096];
    for (int i = 0; i < 20; i++) {
      Map<byte[], byte[]> others = new HashMap<>();
      for (int n = 0; n < 25; n++) {
        others.put(bytes("other:" + random.nextInt(10_000)), ballast);
      }
      server.redis().mset(others);
    }
  }

  private DeliveredLog delivery(LongSupplier incarnations) {
    DeliveryTarget target = server.connectForDelivery(incarnations);
    return new DeliveredLog(target, PARTITION);
  }

  private static RoundBuilder change() {
    return new RoundBuilder(PARTITION).keys(KEY).ceiling(CHANGE.epoch(), CHANGE.lsn());
  }

  private static RoundBuilder mark(long lsn) {
    return new RoundBuilder(PARTITION).watermark(1, lsn, lsn);
  }

  /** A hit on a value whose A says that the change is applied. */
  private static boolean vouchedFor(ReadOutcome outcome, Value value) {
    return outcome instanceof ReadOutcome.Hit hit
        && hit.value().equals(value)
        && hit.applied().atLeast(CHANGE);
  }

  private ReadOutcome get(CacheKey key) {
    return join(store.get(key));
  }

  private Lease lease(CacheKey key) {
    return ((ReadOutcome.Granted) get(key)).lease();
  }

  private Lease fill(CacheKey key, Value value) {
    Lease lease = lease(key);
    assertThat(join(store.fill(key, lease, value, HOUR))).isEqualTo(FillOutcome.STORED);
    return lease;
  }

  private static CacheKey sibling() {
    return keys(2).get(1);
  }

  private static List<CacheKey> keys(int count) {
    return Stream.iterate(1, n -> n + 1)
        .map(n -> new CacheKey("products", "product:" + n))
        .filter(key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == PARTITION)
        .limit(count)
        .toList();
  }

  private static Value value(String text) {
    return Value.of(bytes(text));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
