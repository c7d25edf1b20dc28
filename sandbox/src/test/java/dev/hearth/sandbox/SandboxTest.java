package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.core.HazelcastInstance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class SandboxTest {
  private static final List<String> progress = new CopyOnWriteArrayList<>();
  private static final Sandbox sandbox = Sandbox.builder().progress(progress::add).start();

  @AfterAll
  static void close() {
    sandbox.close();

    assertThat(sandbox.dataDirectory()).doesNotExist();
  }

  @Test
  void tellsOfEachServerThatIsUp() {
    assertThat(progress)
        .hasSize(4)
        .anySatisfy(
            sentence ->
                assertThat(sentence)
                    .matches(
                        "PostgreSQL is up on 127\\.0\\.0\\.1:%d after \\d+ ms\\."
                            .formatted(sandbox.postgres().port())));
  }

  @Test
  void postgresAnswersWithLogicalDecodingAndSynchronousCommit() throws Exception {
    PostgresServer postgres = sandbox.postgres();

    assertThat(Clients.query(postgres, "SHOW wal_level")).containsExactly("logical");
    assertThat(Clients.query(postgres, "SHOW synchronous_commit")).containsExactly("on");
    assertThat(Clients.query(postgres, "SHOW max_replication_slots")).containsExactly("20");
    assertThat(Clients.query(postgres, "SHOW server_encoding")).containsExactly("UTF8");
  }

  @Test
  void createsADatabaseOnceHoweverOftenAsked() throws Exception {
    PostgresServer postgres = sandbox.postgres();

    postgres.createDatabase("a \"shop\"");
    postgres.createDatabase("a \"shop\"");

    assertThat(
            Clients.query(
                postgres, "SELECT count(*) FROM pg_database WHERE datname = 'a \"shop\"'"))
        .containsExactly("1");
  }

  @Test
  void postgresKeepsCommittedRowsAndSlotsThroughAKill() throws Exception {
    PostgresServer postgres = sandbox.postgres();
    Clients.execute(postgres, "CREATE TABLE kept (id int PRIMARY KEY)");
    Clients.execute(postgres, "SELECT pg_create_logical_replication_slot('kept', 'pgoutput')");
    Clients.execute(postgres, "INSERT INTO kept VALUES (42)");

    postgres.kill();
    postgres.start();

    assertThat(Clients.query(postgres, "SELECT id FROM kept")).containsExactly("42");
    assertThat(Clients.query(postgres, "SELECT slot_name FROM pg_replication_slots"))
        .containsExactly("kept");
    Clients.execute(postgres, "SELECT pg_drop_replication_slot('kept')");
  }

  @Test
  void postgresComesBackFromKillsUnderLoadTimeAfterTime() throws Exception {
    PostgresServer postgres = sandbox.postgres();
    Clients.execute(postgres, "CREATE TABLE rounds (round int)");

    for (int round = 0; round < 3; round++) {
      try (var idle = Clients.connect(postgres);
          var busy = Clients.connect(postgres);
          var statement = busy.createStatement()) {
        busy.setAutoCommit(false);
        statement.execute("INSERT INTO rounds SELECT generate_series(1, 10000)");
        Clients.execute(postgres, "INSERT INTO rounds VALUES (" + -round + ")");
        postgres.kill();
        assertThat(idle.isValid(1)).isFalse();
      } catch (java.sql.SQLException e) {
        // The connections are dead, as they should be.
      }
      postgres.start();
    }

    assertThat(Clients.query(postgres, "SELECT round FROM rounds ORDER BY round DESC"))
        .containsExactly("0", "-1", "-2");
  }

  @Test
  void postgresStopsAndStartsAgain() throws Exception {
    PostgresServer postgres = sandbox.postgres();

    postgres.stop();
    postgres.stop();
    postgres.start();
    postgres.start();

    assertThat(Clients.query(postgres, "SELECT 1")).containsExactly("1");
  }

  @Test
  void kafkaDeliversWhatWasProduced() throws Exception {
    KafkaServer kafka = sandbox.kafka();
    Clients.createTopic(kafka, "delivered");

    Clients.produce(kafka, "delivered", "hello");

    assertThat(Clients.consume(kafka, "delivered", "readers")).containsExactly("hello");
  }

  @Test
  void kafkaKeepsAcknowledgedRecordsThroughAKill() throws Exception {
    KafkaServer kafka = sandbox.kafka();
    Clients.createTopic(kafka, "killed");
    Clients.produce(kafka, "killed", "acknowledged");

    kafka.kill();
    kafka.start();

    assertThat(Clients.consume(kafka, "killed", "survivors")).containsExactly("acknowledged");
  }

  @Test
  void kafkaKeepsAcknowledgedRecordsThroughAStop() throws Exception {
    KafkaServer kafka = sandbox.kafka();
    Clients.createTopic(kafka, "stopped");
    Clients.produce(kafka, "stopped", "acknowledged");

    kafka.stop();
    kafka.start();

    assertThat(Clients.consume(kafka, "stopped", "resumers")).containsExactly("acknowledged");
  }

  @Test
  void redisAnswers() throws Exception {
    assertThat(Clients.redis(sandbox.redis(), "PING")).isEqualTo("+PONG");
    assertThat(sandbox.redis().uri()).isEqualTo("redis://127.0.0.1:" + sandbox.redis().port());
  }

  @Test
  void startsMoreRedisWithSettingsOfTheirOwn() throws Exception {
    RedisServer replica =
        sandbox.startRedis("maxmemory 7mb", "replicaof 127.0.0.1 " + sandbox.redis().port());
    RedisServer sentinel =
        sandbox.startSentinel(
            "sentinel monitor shop 127.0.0.1 %d 1".formatted(sandbox.redis().port()));
    Clients.redis(sandbox.redis(), "SET copied 1");

    Eventually.eventually("the replica has it", () -> redis(replica, "EXISTS copied").equals(":1"));
    String refused = redis(replica, "SET copied 2");
    String monitored = redis(sentinel, "SENTINEL CKQUORUM shop");
    replica.pause();
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(() -> redis(replica, "GET copied"));
    String fromPaused = answer.completeOnTimeout("nothing", 300, TimeUnit.MILLISECONDS).join();
    replica.resume();

    assertThat(refused).startsWith("-READONLY");
    assertThat(monitored).startsWith("+OK");
    assertThat(fromPaused).isEqualTo("nothing");
    assertThat(redis(replica, "PING")).isEqualTo("+PONG");
  }

  private static String redis(RedisServer server, String command) {
    try {
      return Clients.redis(server, command);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void redisComesBackEmptyFromAKillAndFromAStop() throws Exception {
    RedisServer redis = sandbox.redis();
    Clients.redis(redis, "SET gone 1");

    redis.kill();
    redis.start();
    String afterKill = Clients.redis(redis, "EXISTS gone");
    Clients.redis(redis, "SET gone 1");
    redis.stop();
    redis.start();

    assertThat(afterKill).isEqualTo(":0");
    assertThat(Clients.redis(redis, "EXISTS gone")).isEqualTo(":0");
  }

  @Test
  void hazelcastServesAClientAlsoAfterAKill() {
    HazelcastServer hazelcast = sandbox.hazelcast();
    assertThat(putAndGet(hazelcast, "before")).isEqualTo("before");

    hazelcast.kill();
    hazelcast.start();

    assertThat(putAndGet(hazelcast, "after")).isEqualTo("after");
    assertThat(hazelcast.member().getCluster().getMembers()).hasSize(1);
  }

  private static String putAndGet(HazelcastServer hazelcast, String value) {
    HazelcastInstance client = Clients.connect(hazelcast);
    try {
      client.<String, String>getMap("map").put("key", value);
      return client.<String, String>getMap("map").get("key");
    } finally {
      client.shutdown();
    }
  }
}
