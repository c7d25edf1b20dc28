package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.HazelcastUnderTest;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What somebody else put under a key of ours is a miss and is counted, whatever it is, for a client
 * of a cluster and for a member of it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HazelcastForeignTest {
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final String NAME = "products/product:1";
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);
  private static final Value VALUE = Value.of("ours".getBytes(StandardCharsets.UTF_8));

  private final Queue<CacheKey> foreign = new ConcurrentLinkedQueue<>();
  private final Map<String, HazelcastStore> stores = new LinkedHashMap<>();
  private final Map<String, FencedStore> connected = new LinkedHashMap<>();
  private HazelcastUnderTest server;
  private IMap<Object, Object> entries;
  private DeliveryTarget delivery;
  private Map<String, Object> things;

  @BeforeAll
  void startServer(@TempDir Path classes) throws IOException, ReflectiveOperationException {
    server = new HazelcastUnderTest();
    entries = server.member().getMap(StoreUnderTest.PREFIX + ".entries");
    HazelcastStore.Options options = HazelcastStore.Options.defaults().withForeign(foreign::add);
    stores.put("client", server.client(options));
    stores.put("member", server.embedded(options));
    stores.forEach((name, store) -> connected.put(name, store.connect()));
    delivery = requireNonNull(stores.get("client")).connectForDelivery();
    things =
        Map.of(
            "a text",
            "{\"id\":1}",
            "a number",
            42,
            "other bytes",
            new byte[] {1, 2, 3},
            "no bytes",
            new byte[0],
            "a list",
            new java.util.ArrayList<>(List.of(1, 2)),
            "of a class that is not here",
            ofAnUnknownClass(classes));
  }

  @AfterAll
  void stopServer() {
    stores.values().forEach(HazelcastStore::close);
    server.close();
  }

  @BeforeEach
  void begin() {
    server.clear();
    foreign.clear();
    apply(new RoundBuilder(PARTITION).watermark(1, 100, 110).offset(5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void aReadMissesCountsAndOverwritesIt(String side) {
    FencedStore store = store(side);
    things.forEach(
        (what, thing) -> {
          foreign.clear();
          entries.set(NAME, thing);

          Lease lease = lease(store);
          FillOutcome filled = fill(store, lease);

          assertThat(filled).as(what).isEqualTo(FillOutcome.STORED);
          assertThat(join(store.get(KEY))).as(what).isInstanceOf(ReadOutcome.Hit.class);
          assertThat(foreign).as(what).containsExactly(KEY);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void aPeekSeesNothingCountsAndLeavesIt(String side) {
    things.forEach(
        (what, thing) -> {
          foreign.clear();
          entries.set(NAME, thing);

          assertThat(join(store(side).peek(KEY))).as(what).isEmpty();

          assertThat(entries.containsKey(NAME)).as(what).isTrue();
          assertThat(foreign).as(what).containsExactly(KEY);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void aFillUnderALeaseThatItTookIsRefused(String side) {
    FencedStore store = store(side);
    things.forEach(
        (what, thing) -> {
          entries.delete(NAME);
          Lease lease = lease(store);
          entries.set(NAME, thing);

          assertThat(fill(store, lease)).as(what).isEqualTo(FillOutcome.LEASE_LOST);
          join(store.release(KEY, lease));
          assertThat(entries.containsKey(NAME)).as(what).isTrue();
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void aListingHasItsKeyAndNoKeyThatIsNoText(String side) {
    things.forEach(
        (what, thing) -> {
          entries.set(NAME, thing);
          entries.set(thing, "anything");

          try (Stream<String> keys = store(side).keys("products", "product:")) {
            assertThat(keys).as(what).containsExactly(KEY.key());
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void underARecordsNameItIsNoRecord(String side) {
    things.forEach(
        (what, thing) -> {
          entries.set(server.recordOf(KEY), thing);

          assertThat(join(store(side).get(KEY))).as(what).isEqualTo(new ReadOutcome.Uncertain());
          assertThat(join(store(side).peek(KEY))).as(what).isEmpty();
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "member"})
  void aDeliveryDeletesItUnderAKeyAndUnderARecordsName(String side) {
    try (DeliveryTarget other = requireNonNull(stores.get(side)).connectForDelivery()) {
      things.forEach(
          (what, thing) -> {
            other.open(PARTITION);
            RoundBuilder round =
                new RoundBuilder(PARTITION).keys(KEY).ceiling(1, 200).watermark(1, 190, 195);
            entries.set(NAME, thing);
            entries.set(server.recordOf(KEY), thing);

            RoundOutcome found = outcome(other, round.offset(6));
            boolean deleted = !entries.containsKey(NAME);
            other.open(PARTITION);
            RoundOutcome repaired = outcome(other, round.offset(7));

            assertThat(found).as(what).isEqualTo(RoundOutcome.WENT_BACK);
            assertThat(deleted).as(what).isTrue();
            assertThat(repaired).as(what).isEqualTo(RoundOutcome.APPLIED);
            assertThat(join(store(side).get(KEY))).as(what).isInstanceOf(ReadOutcome.Granted.class);
          });
    }
  }

  /** The class is written by a member that has it; nobody else can read what it wrote. */
  private Object ofAnUnknownClass(Path classes) throws IOException, ReflectiveOperationException {
    Path source = classes.resolve("Unknown.java");
    Files.writeString(source, "public class Unknown implements java.io.Serializable {}");
    int failures = ToolProvider.getSystemJavaCompiler().run(null, null, null, source.toString());
    assertThat(failures).isZero();
    Object unknown;
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      unknown = loader.loadClass("Unknown").getDeclaredConstructor().newInstance();
    }
    entries.set(NAME, unknown);
    assertThatThrownBy(() -> entries.get(NAME)).isInstanceOf(HazelcastSerializationException.class);
    return unknown;
  }

  private FencedStore store(String side) {
    return requireNonNull(connected.get(side));
  }

  private static Lease lease(FencedStore store) {
    return ((ReadOutcome.Granted) join(store.get(KEY))).lease();
  }

  private static FillOutcome fill(FencedStore store, Lease lease) {
    return join(store.fill(KEY, lease, VALUE, Duration.ofHours(1)));
  }

  private void apply(RoundBuilder round) {
    delivery.open(PARTITION);
    assertThat(outcome(delivery, round)).isEqualTo(RoundOutcome.APPLIED);
  }

  private static RoundOutcome outcome(DeliveryTarget delivery, RoundBuilder round) {
    return requireNonNull(delivery.apply(List.of(round.build())).get(PARTITION));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
