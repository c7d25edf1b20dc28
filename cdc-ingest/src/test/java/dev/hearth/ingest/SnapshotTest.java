package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRow;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rows on request, against a real database. */
class SnapshotTest {
  private static final String SCHEMA =
      """
      create table product (id int primary key, category_id int, note text);
      alter table product alter note set storage external;
      create table price (region text, day date, amount numeric(10, 2), primary key (region, day))
        partition by list (region);
      create table price_eu partition of price for values in ('eu', 'e,u');
      create table price_us partition of price for values in ('us');
      create table keyless (id int, category_id int);
      alter table keyless replica identity full;
      """;
  private static final String RULES =
      """
      caches:
        product: { stores: [ redis ], key: "product:{id}" }
        note: { stores: [ redis ], key: "note:{id}:{note}" }
      rules:
        - { table: public.product, columns: [ category_id ], keys: [ "product:{id}", "note:{category_id}:{note}" ] }
        - { table: public.price, keys: [ "note:{region}:{amount}" ] }
        - { table: public.keyless, keys: [ "product:{id}" ] }
      """;

  @Test
  void publishesEveryRowOfATableByChunksAndTakesTheRequestBack() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.execute("insert into product select i, i % 7, null from generate_series(1, 5000) i");
      source.execute(
          "insert into price select r, date '2026-01-01' + i, i from generate_series(0, 9) i,"
              + " unnest('{eu,us,\"e,u\"}'::text[]) r");
      source.request("one", "public.product", "category_id", "id");
      source.request("two", "public.price", "amount");
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      eventually(() -> assertThat(reader.ends()).hasSize(2));

      assertThat(reader.ends())
          .contains(
              new SnapshotEnd("one", "public.product", List.of("category_id", "id")),
              new SnapshotEnd("two", "public.price", List.of("amount")));
      Map<String, RowImage> rows = keyed(reader);
      assertThat(rows).hasSize(5030);
      assertThat(rows.getOrDefault("public.product:4999", RowImage.UNKNOWN).columns())
          .isEqualTo(Map.of("id", "4999", "category_id", "1"));
      assertThat(rows.getOrDefault("public.price:e\\,u,2026-01-10", RowImage.UNKNOWN).columns())
          .isEqualTo(Map.of("amount", "9.00"));
      eventually(() -> assertThat(source.requested()).isEmpty());
      eventually(
          () ->
              assertThat(source.metrics.counter(Metric.SNAPSHOTS, "complete").count())
                  .isEqualTo(2));
      assertThat(source.metrics.counter(Metric.SNAPSHOT_ROWS).count()).isEqualTo(5030);
    }
  }

  @Test
  void aRequestThatCannotBeServedIsTakenBackWithTheReason() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.request("a", "public.nothing", "id");
      source.request("b", "public.keyless", "id");
      source.request("c", "public.product", "colour", "id");

      eventually(
          () ->
              assertThat(source.deadLetters())
                  .containsExactlyInAnyOrder(
                      "no rule that fits names the table public.nothing, so its changes are not"
                          + " known",
                      "public.keyless has neither a primary key nor an index as its replica"
                          + " identity, so its rows cannot be told apart; add a primary key",
                      "no rule reads colour of public.product, so that changes do not carry it;"
                          + " expected some of category_id, id, note"));
      eventually(() -> assertThat(source.requested()).isEmpty());
      eventually(
          () ->
              assertThat(source.metrics.counter(Metric.SNAPSHOTS, "refused").count()).isEqualTo(3));
      assertThat(reader.rows()).isEmpty();
      assertThat(reader.ends()).isEmpty();
    }
  }

  @Test
  void aRoleThatMayNotReadATableIsToldSo() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String role = "reads_" + source.name;
      source.execute(
          "create role "
              + role
              + " login replication password 'secret';"
              + " alter table product owner to "
              + role
              + ";"
              + " alter table price owner to "
              + role
              + ";"
              + " alter table keyless owner to "
              + role
              + ";"
              + " grant create on database "
              + source.name
              + " to "
              + role
              + ";"
              + " revoke select on product from "
              + role);
      source.start(source.config(RULES, role, "secret"));

      source.request("a", "public.product", "id");

      eventually(
          () ->
              assertThat(source.deadLetters())
                  .containsExactly("ERROR: permission denied for table product"));
      eventually(() -> assertThat(source.requested()).isEmpty());
    }
  }

  @Test
  void aLaterRequestForATableTakesThePlaceOfOneThatRuns() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA);
        Connection locker = source.connect();
        Statement lock = locker.createStatement()) {
      source.execute("insert into product select i, i, 'n' from generate_series(1, 10) i");
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      locker.setAutoCommit(false);
      lock.execute("lock table product in access exclusive mode");
      source.request("first", "public.product", "id");
      eventually(
          () ->
              assertThat(
                      source.value(
                          "select count(*) from pg_stat_activity where application_name ="
                              + " 'hearth snapshot' and wait_event_type = 'Lock'"
                              + " and datname = current_database()"))
                  .isEqualTo("1"));

      source.request("second", "public.product", "id", "note");
      eventually(
          () ->
              assertThat(source.metrics.counter(Metric.SNAPSHOTS, "replaced").count())
                  .isEqualTo(1));
      locker.rollback();

      eventually(() -> assertThat(reader.ends()).hasSize(1));
      assertThat(reader.ends().get(0).snapshot()).isEqualTo("second");
      assertThat(reader.rows())
          .hasSize(10)
          .extracting(SnapshotRow::snapshot)
          .containsOnly("second");
    }
  }

  @Test
  void aSnapshotThatARestartInterruptedIsMadeFromItsBeginning() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.execute("insert into product select i, i, 'n' from generate_series(1, 20000) i");
      HearthConfig config = source.config(RULES);
      SourceFixture.Reader reader = source.reader();
      int number = 0;
      String id;
      do {
        // Once more where it was through before it could be interrupted.
        id = "snapshot " + ++number;
        Ingest first = source.start(config);
        source.request(id, "public.product", "id");
        String asked = id;
        eventually(() -> assertThat(rows(reader, asked)).isPositive());
        first.close();
      } while (source.requested().isEmpty() && number < 20);
      reader.readToEnd();
      String interrupted = id;
      long before = rows(reader, interrupted);

      source.start(config);

      eventually(() -> assertThat(source.requested()).isEmpty());
      reader.readToEnd();
      assertThat(reader.ends()).extracting(SnapshotEnd::snapshot).contains(interrupted);
      assertThat(keyed(reader)).hasSize(20_000);
      assertThat(rows(reader, interrupted)).isGreaterThanOrEqualTo(20_000 + before);
    }
  }

  private static long rows(SourceFixture.Reader reader, String id) {
    return reader.rows().stream().filter(row -> row.snapshot().equals(id)).count();
  }

  @Test
  void betweenConcurrentWritersEveryRowIsAsTheChangesBeforeItMadeIt() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA);
        SourceFixture.Reader reader = source.reader()) {
      source.start(source.config(RULES));
      reader.awaitWatermarkOfASettledEpoch();
      // All rows come as changes, so that the reader knows each one at any time.
      source.execute(
          "insert into product select i, i, repeat('x', 3000) || i from generate_series(1, 2500) i");
      ExecutorService writers = Executors.newFixedThreadPool(3);
      AtomicBoolean over = new AtomicBoolean();
      try {
        List<Future<?>> writing =
            IntStream.range(0, 3)
                .<Future<?>>mapToObj(number -> writers.submit(() -> write(source, number, over)))
                .toList();
        Follower follower = new Follower();
        for (String id : List.of("one", "two", "three")) {
          source.request(id, "public.product", "category_id", "id", "note");
          eventually(
              () -> {
                follower.follow(reader);
                assertThat(follower.ends).containsKey(id);
              });
        }
        over.set(true);
        for (Future<?> each : writing) {
          each.get(30, TimeUnit.SECONDS);
        }

        eventually(
            () -> {
              follower.follow(reader);
              assertThat(follower.rows).isEqualTo(table(source));
            });
        assertThat(follower.checked).isGreaterThan(500);
      } finally {
        over.set(true);
        writers.shutdown();
      }
    }
  }

  /** Follows the topic from its beginning, knowing each row as a whole. */
  private static final class Follower {
    private final Map<String, Map<String, @Nullable String>> rows = new TreeMap<>();
    private final Map<String, Map<String, Map<String, @Nullable String>>> ends = new HashMap<>();
    private int next;
    private int checked;

    void follow(SourceFixture.Reader reader) {
      List<ChangeRecord> records = reader.poll();
      for (; next < records.size(); next++) {
        String key = reader.keys.get(next);
        if (records.get(next) instanceof ChangeEvent change) {
          if (change.operation() == Operation.DELETE) {
            rows.remove(key);
          } else if (change.operation() == Operation.TRUNCATE) {
            rows.clear();
          } else {
            rows.computeIfAbsent(key, none -> new TreeMap<>()).putAll(change.after().columns());
          }
        } else if (records.get(next) instanceof SnapshotRow row) {
          Map<String, @Nullable String> known = rows.get(key);
          if (known != null && known.size() == row.row().columns().size()) {
            assertThat(row.row().columns()).as("%s", key).isEqualTo(known);
            checked++;
          }
          rows.put(key, new TreeMap<>(row.row().columns()));
        } else if (records.get(next) instanceof SnapshotEnd end) {
          ends.put(end.snapshot(), new TreeMap<>(rows));
        }
      }
    }
  }

  private static Map<String, Map<String, @Nullable String>> table(SourceFixture source)
      throws SQLException {
    Map<String, Map<String, @Nullable String>> rows = new TreeMap<>();
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement();
        ResultSet each = statement.executeQuery("select id, category_id, note from product")) {
      while (each.next()) {
        Map<String, @Nullable String> row = new TreeMap<>();
        row.put("id", each.getString(1));
        row.put("category_id", each.getString(2));
        row.put("note", each.getString(3));
        rows.put("public.product:" + each.getString(1), row);
      }
    }
    return rows;
  }

  /** Each writer has rows of its own, and every third commits before its log is flushed. */
  private static void write(SourceFixture source, int number, AtomicBoolean over) {
    Random random = new Random(number);
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("set synchronous_commit = " + (number % 3 == 0 ? "off" : "on"));
      while (!over.get()) {
        int id = 3 * random.nextInt(1500) + number;
        String is = " where id = " + id;
        switch (random.nextInt(6)) {
          case 0 -> statement.execute("delete from product" + is);
          case 1 ->
              statement.execute(
                  "insert into product values ("
                      + id
                      + ", 1, repeat('y', 3000)) on conflict (id) do update set note = 'short'");
          case 2 ->
              statement.execute(
                  "update product set id = "
                      + (3 * (1500 + random.nextInt(1500)) + number)
                      + is
                      + " and not exists (select from product where id >= 4500 and id % 3 = "
                      + number
                      + ")");
          case 3 ->
              statement.execute(
                  "begin; savepoint s; update product set category_id = -1"
                      + is
                      + "; rollback to s; update product set category_id = "
                      + random.nextInt(100)
                      + is
                      + "; commit");
          default ->
              statement.execute("update product set category_id = " + random.nextInt(100_000) + is);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, RowImage> keyed(SourceFixture.Reader reader) {
    reader.poll();
    return IntStream.range(0, reader.records.size())
        .filter(i -> reader.records.get(i) instanceof SnapshotRow)
        .boxed()
        .collect(
            Collectors.toMap(
                reader.keys::get,
                i -> ((SnapshotRow) reader.records.get(i)).row(),
                (first, second) -> second));
  }
}
