package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Somebody puts an old entry back into the store; the log takes it out again. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReplayCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Topics TOPICS = new Topics("again");

  private static Installation installation;
  private static Services services;
  private static FencedStore store;
  private static RedisClient client;
  private static StatefulRedisConnection<byte[], byte[]> redis;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    installation =
        new Installation("again", directory, Server.POSTGRES, Server.KAFKA, Server.REDIS);
    installation.execute("create table product (id int primary key, name text)");
    installation.execute("insert into product values (1, 'cup'), (2, 'pot'), (3, 'pan')");
    Path file =
        installation.file(
            installation.yaml(
                """
                caches:
                  product: { stores: [ redis ], key: "product:{id}" }
                rules:
                  - { table: public.product, keys: [ "product:{id}" ] }
                """));
    services = installation.start(file, EnumSet.of(Role.INGEST, Role.INVALIDATE));
    store = Optional.ofNullable(services.readers().get("redis")).orElseThrow();
    client = RedisClient.create(installation.servers().redis().uri());
    redis = client.connect(ByteArrayCodec.INSTANCE);
    awaitApplied(new Position(installation.awaitSettledEpoch(), 0));
  }

  @AfterAll
  static void stop() {
    redis.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    installation.close();
  }

  @Test
  @Order(1)
  void takesOutWhatAnInvalidationOfThatTimeIsAbout() throws Exception {
    restoreAfterAnUpdate(1);

    Ran ran = replay("--from", "10m", "--wait");

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out()).contains("done").doesNotContain("running");
    assertThat(isHit(1)).isFalse();
    eventually("it is filled again", () -> fills(1));
  }

  @Test
  @Order(2)
  void appliesNothingThatWasCommittedBeforeThePosition() throws Exception {
    restoreAfterAnUpdate(2);
    // The watermark may be behind what was taken out, for that is published first.
    long written = insertLsn();
    eventually("a later position", () -> published().lsn() > written);
    String later = published().toString();
    restoreAfterAnUpdate(3);

    Ran ran = replay("--from", later, "--wait", "-o", "json");

    assertThat(ran.status()).isZero();
    assertThat(isHit(3)).as("later than the position").isFalse();
    assertThat(isHit(2)).as("before the position").isTrue();
    for (JsonNode partition : JSON.readTree(ran.out()).path("redis")) {
      assertThat(partition.path("state").asText()).isEqualTo("done");
      assertThat(partition.path("at").asLong())
          .isGreaterThanOrEqualTo(partition.path("to").asLong());
    }
  }

  @Test
  @Order(3)
  void goesOnWhenTheStoreIsAwayMeanwhile() throws Exception {
    eventually("it is filled again", () -> fills(1));
    restoreAfterAnUpdate(1);
    installation.servers().redis().pause();
    Ran ran;
    try {
      ran = replay("--from", "10m", "--store", "redis");
    } finally {
      installation.servers().redis().resume();
    }

    assertThat(ran.status()).isZero();
    eventually("the old entry is gone", () -> !isHit(1));
    // Of several invalidations of the key the first is enough for that.
    ServiceClient client = new ServiceClient(services.uri(), null);
    Installation.eventually(
        () ->
            assertThat(client.get("/v1/replays").findValuesAsText("state"))
                .isNotEmpty()
                .containsOnly("done"));
  }

  @Test
  @Order(4)
  void voidsOnlyWhereItIsToldToWhatTheLogDoesNotReachBackTo() throws Exception {
    eventually("it is filled again", () -> fills(1));
    deleteTheLog();

    Ran refused = replay("--from", "1h");

    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err())
        .startsWith("The log of invalidations does not reach back so far (partitions [0, 1, 2, 3])")
        .contains("hearth replay --void");
    assertThat(isHit(1)).isTrue();

    Ran told = replay("--from", "1h", "--void", "--wait");

    assertThat(told.status()).isZero();
    assertThat(told.out()).contains("voided");
    assertThat(isHit(1)).isFalse();
    eventually("it is filled again", () -> fills(1));
  }

  @Test
  @Order(5)
  void namesWhatIsWrongWithTheQuestion() {
    assertThat(replay("--from", "yesterday").status()).isEqualTo(2);
    assertThat(replay("--from", "yesterday").err())
        .startsWith("--from: \"yesterday\" is neither a position, such as 3:16/B374D848, nor");
    assertThat(replay("--from", "1h", "--store", "rediss").status()).isEqualTo(2);
    assertThat(replay("--from", "1h", "--store", "rediss").err())
        .contains("store: is \"rediss\"; expected one of [redis]");
    assertThat(Ran.run("replay").status()).isEqualTo(2);
  }

  /**
   * Fills an entry, changes its row, and puts the old bytes back when the entry is gone; again
   * where an epoch came in between, which voids them.
   */
  private static void restoreAfterAnUpdate(int id) throws Exception {
    byte[] key = ("product:" + id).getBytes(StandardCharsets.UTF_8);
    Installation.eventually(
        () -> {
          eventually("an entry", () -> fills(id));
          byte[] old = redis.sync().get(key);
          installation.execute("update product set name = name || '!' where id = " + id);
          eventually("it is taken out", () -> redis.sync().get(key) == null);
          redis.sync().set(key, old);
          assertThat(isHit(id)).as("the store believes an old entry").isTrue();
        });
  }

  /** Whether there is an entry now, filled if need be. */
  private static boolean fills(int id) {
    CacheKey key = new CacheKey("product", "product:" + id);
    if (ask(id) instanceof ReadOutcome.Granted granted) {
      store
          .fill(
              key,
              granted.lease(),
              Value.of("{}".getBytes(StandardCharsets.UTF_8)),
              Duration.ofHours(1))
          .toCompletableFuture()
          .join();
    }
    return isHit(id);
  }

  private static boolean isHit(int id) {
    return store
        .peek(new CacheKey("product", "product:" + id))
        .toCompletableFuture()
        .join()
        .isPresent();
  }

  private static ReadOutcome ask(int id) {
    return store.get(new CacheKey("product", "product:" + id)).toCompletableFuture().join();
  }

  /** Waits until the store has applied a position in every partition. */
  private static void awaitApplied(Position position) throws Exception {
    for (int probe = 0; probe < 64; probe++) {
      CacheKey key = new CacheKey("product", "product:probe-" + probe);
      eventually(
          "position " + position,
          () -> {
            if (!(store.get(key).toCompletableFuture().join()
                instanceof ReadOutcome.Granted granted)) {
              return false;
            }
            store.release(key, granted.lease()).toCompletableFuture().join();
            return granted.lease().applied().atLeast(position);
          });
    }
  }

  private static Ran replay(String... further) {
    List<String> arguments = new ArrayList<>(List.of("replay", "--url"));
    arguments.add(services.uri().toString());
    arguments.addAll(List.of(further));
    return Ran.run(arguments.toArray(String[]::new));
  }

  private static void deleteTheLog() throws Exception {
    try (Admin admin = installation.admin()) {
      Map<TopicPartition, OffsetSpec> ends = new java.util.HashMap<>();
      for (int partition = 0; partition < TOPICS.invalidations().partitions(); partition++) {
        ends.put(new TopicPartition(TOPICS.invalidations().name(), partition), OffsetSpec.latest());
      }
      Map<TopicPartition, ListOffsetsResultInfo> found =
          admin.listOffsets(ends).all().get(30, TimeUnit.SECONDS);
      // What takes a position that was not published yet has taken all up to these ends.
      awaitApplied(new Position(published().epoch(), insertLsn()));
      Map<TopicPartition, RecordsToDelete> before = new java.util.HashMap<>();
      found.forEach(
          (partition, end) ->
              before.put(partition, RecordsToDelete.beforeOffset(end.offset() - 1)));
      admin.deleteRecords(before).all().get(30, TimeUnit.SECONDS);
    }
  }

  private static Position published() {
    return new PublishedHistory(TOPICS, installation.kafka())
        .latestWatermark()
        .orElseThrow()
        .ceiling();
  }

  /** Above all that was committed so far. */
  private static long insertLsn() throws SQLException {
    return Long.parseLong(installation.one("select pg_current_wal_insert_lsn() - '0/0'"));
  }

  /** Also where the store was away: then it is asked again. */
  private static void eventually(String what, BooleanSupplier holds) throws Exception {
    Installation.eventually(
        () -> {
          try {
            assertThat(holds.getAsBoolean()).as(what).isTrue();
          } catch (CompletionException e) {
            throw new AssertionError(what, e);
          }
        });
  }
}
