package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The configuration for a well-known schema at work: each change reaches exactly its keys. */
class PagilaPipelineTest {
  private static final Topics TOPICS = new Topics("pagila");

  private static Installation installation;

  @BeforeAll
  static void startServers(@TempDir Path directory) throws Exception {
    installation =
        new Installation("pagila", directory, Server.POSTGRES, Server.KAFKA, Server.REDIS);
    installation.execute(resource("schema.sql"));
  }

  @AfterAll
  static void stopServers() {
    installation.close();
  }

  @Test
  void eachChangeReachesExactlyItsKeys() throws Exception {
    Services services =
        installation.start(installation.file(yaml()), EnumSet.of(Role.INGEST, Role.INVALIDATE));
    try (Connection database = installation.connect();
        Invalidations invalidations = new Invalidations()) {
      awaitRows(services, database);

      Map<String, Set<String>> expected = expected();
      for (Map.Entry<String, Set<String>> each : expected.entrySet()) {
        assertThat(invalidations.of(database, each.getKey()))
            .as(each.getKey())
            .isEqualTo(each.getValue());
      }
    }
  }

  private static Map<String, Set<String>> expected() {
    Map<String, Set<String>> keys = new java.util.LinkedHashMap<>();
    keys.put(
        "update film set title = 'ACADEMY DINOSAURS' where film_id = 1",
        Set.of("film:1", "rating:G", "actor:1", "category:1"));
    keys.put("update film set description = 'Epic' where film_id = 2", Set.of("film:2"));
    keys.put("update film set length = 90 where film_id = 2", Set.of());
    keys.put(
        "update film set rating = 'PG-13' where film_id = 2",
        Set.of("film:2", "rating:G", "rating:PG-13"));
    keys.put(
        "update language set name = 'Australian' where language_id = 1",
        Set.of("film:1", "film:2"));
    keys.put("update actor set last_name = 'CRUZ' where actor_id = 1", Set.of("actor:1", "film:1"));
    keys.put(
        "update category set name = 'History' where category_id = 1",
        Set.of("category:1", "film:1"));
    keys.put("update address set address = '48' where address_id = 1", Set.of("customer:1"));
    keys.put("update city set city = 'Calgary' where city_id = 1", Set.of("customer:1"));
    keys.put("insert into inventory (film_id, store_id) values (2, 1)", Set.of("stock:1:2"));
    keys.put(
        "update rental set return_date = now() where rental_id = 1",
        Set.of("stock:1:1", "rentals:1"));
    keys.put(
        "insert into payment (customer_id, staff_id, rental_id, amount, payment_date)"
            + " values (1, 1, 1, 5, '2022-02-03 12:00:00+00')",
        Set.of("payments:1:2022-02"));
    keys.put("update staff set active = false where staff_id = 1", Set.of("store:0001"));
    keys.put("delete from film_actor where film_id = 1", Set.of("actor:1", "film:1"));
    keys.put(
        "with gone as (delete from film_category where film_id = 1)"
            + " update customer set email = 'mary@example.org' where customer_id = 1",
        Set.of("customer:1", "category:1", "film:1"));
    return keys;
  }

  /** The first change of a table asks for its rows; what comes before they are known voids. */
  private static void awaitRows(Services services, Connection database) throws Exception {
    Set<List<String>> tables =
        Set.of(
            List.of("public.film"),
            List.of("public.film_actor"),
            List.of("public.film_category"),
            List.of("public.address"),
            List.of("public.customer"),
            List.of("public.inventory"),
            List.of("public.rental"));
    eventually(() -> assertThat(services.health().ready().failed()).isEmpty());
    try (Statement statement = database.createStatement()) {
      for (String table :
          List.of(
              "film",
              "actor",
              "category",
              "customer",
              "address",
              "city",
              "inventory",
              "language",
              "staff",
              "store",
              "rental")) {
        statement.execute("update " + table + " set last_update = now()");
      }
    }
    eventually(
        () -> {
          Map<List<String>, Double> complete = services.metrics().gauges(Metric.ROWS_COMPLETE);
          assertThat(complete.keySet()).containsAll(tables);
          assertThat(complete.values()).containsOnly(1.0);
        });
  }

  /** What each transaction touched, as other services see it. */
  private static final class Invalidations implements AutoCloseable {
    private final int partitions = TOPICS.invalidations().partitions();
    private final KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            installation.kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    private boolean begun;

    /** Keys that the transaction of one statement touched; none of a cache that it voided. */
    Set<String> of(Connection database, String sql) throws Exception {
      if (!begun) {
        consumer.assign(
            IntStream.range(0, partitions)
                .mapToObj(partition -> new TopicPartition(TOPICS.invalidations().name(), partition))
                .toList());
        begun = true;
      }
      consumer.seekToBeginning(consumer.assignment());
      long transaction;
      long end;
      database.setAutoCommit(false);
      try (Statement statement = database.createStatement()) {
        statement.execute(sql);
        transaction = number(statement, "select pg_current_xact_id()::text::bigint");
        database.commit();
        end = number(statement, "select (pg_current_wal_insert_lsn() - '0/0')::bigint");
        database.commit();
      } finally {
        database.setAutoCommit(true);
      }
      Set<String> touched = new TreeSet<>();
      Map<Integer, Long> reached = new HashMap<>();
      eventually(
          () -> {
            consumer
                .poll(Duration.ofMillis(100))
                .forEach(record -> note(record, transaction, touched, reached));
            assertThat(reached).hasSize(partitions);
            assertThat(reached.values()).allMatch(lsn -> lsn >= end);
          });
      return touched;
    }

    private static void note(
        ConsumerRecord<byte[], byte[]> record,
        long transaction,
        Set<String> touched,
        Map<Integer, Long> reached) {
      InvalidationRecord said =
          TOPICS.invalidations().value().deserializer().deserialize(record.topic(), record.value());
      if (said instanceof Invalidation invalidation
          && invalidation.cause().transaction() == transaction) {
        touched.add(invalidation.key());
      } else if (said instanceof InvalidationMark mark
          && mark.mark() instanceof Watermark watermark) {
        reached.merge(record.partition(), watermark.position().lsn(), Math::max);
      }
    }

    private static long number(Statement statement, String sql) throws SQLException {
      try (ResultSet row = statement.executeQuery(sql)) {
        row.next();
        return row.getLong(1);
      }
    }

    @Override
    public void close() {
      consumer.close();
    }
  }

  private static String yaml() throws IOException {
    Sandbox servers = installation.servers();
    return resource("hearth.yaml")
        .replace("\"URL\"", '"' + servers.postgres().jdbcUrl("pagila") + '"')
        .replace("user: postgres", "user: " + servers.postgres().user())
        .replace("localhost:9092", servers.kafka().bootstrapServers())
        .replace("redis://localhost:6379", servers.redis().uri())
        .replace("DATA", installation.data().toString());
  }

  private static String resource(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(PagilaPipelineTest.class.getResourceAsStream("pagila/" + name))) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
