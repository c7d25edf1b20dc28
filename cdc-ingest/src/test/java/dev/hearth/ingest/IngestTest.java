package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Watermark;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ingest against a real database and a real broker. */
class IngestTest {
  private static final String SCHEMA =
      """
      create table product (id int primary key, name text, category_id int);
      alter table product replica identity full;
      create table price (product_id int primary key, amount numeric(10,2), note text);
      create table unruled (id int primary key);
      """;
  private static final String RULES =
      """
      caches:
        product: { stores: [ redis ], key: "product:{id}" }
        category: { stores: [ redis ], key: "category:{id}" }
      rules:
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
        - { table: public.price, columns: [ amount ], keys: [ "product:{product_id}" ] }
      """;

  @Test
  void publishesChangesOfRuledTablesWithOldAndNewValues() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute(
          """
          insert into product values (1, 'cup', 7);
          insert into unruled values (1);
          update product set category_id = 8 where id = 1;
          insert into price values (1, 9.50, 'x');
          update price set amount = 10.00 where product_id = 1;
          delete from price where product_id = 1;
          truncate product;
          """);

      eventually(() -> assertThat(reader.changes()).hasSize(6));
      List<ChangeEvent> changes = reader.changes();
      assertThat(changes)
          .extracting(ChangeEvent::operation)
          .containsExactly(
              Operation.INSERT,
              Operation.UPDATE,
              Operation.INSERT,
              Operation.UPDATE,
              Operation.DELETE,
              Operation.TRUNCATE);
      assertThat(changes.get(1).before().columns())
          .isEqualTo(Map.of("id", "1", "category_id", "7"));
      assertThat(changes.get(1).after().columns()).isEqualTo(Map.of("id", "1", "category_id", "8"));
      assertThat(changes.get(2).after().columns())
          .isEqualTo(Map.of("product_id", "1", "amount", "9.50"));
      assertThat(changes.get(3).before().columns()).isEqualTo(Map.of("product_id", "1"));
      assertThat(changes.get(4).before().columns()).isEqualTo(Map.of("product_id", "1"));
      assertThat(changes.get(5).table()).isEqualTo("public.product");
    }
  }

  @Test
  void followsTheTablesThatRulesOnlyGoThroughWithTheColumnsOfTheirJoins() throws Exception {
    try (SourceFixture source =
        new SourceFixture(
            """
            create table category (id int primary key, name text);
            create table product (id int primary key, category_id int, title text);
            create table variant (sku text primary key, product_id int, size text);
            """)) {
      source.start(
          source.config(
              """
              caches:
                variant: { stores: [ redis ], key: "variant:{sku}" }
              rules:
                - table: public.category
                  columns: [ name ]
                  through:
                    table: public.product
                    on: "category_id = id"
                    through: { table: public.variant, on: "product_id = id", as: v }
                  keys: [ "variant:{v.sku}" ]
              """));
      SourceFixture.Reader reader = source.reader();

      source.execute(
          """
          insert into category values (1, 'cups');
          insert into product values (10, 1, 'blue');
          insert into variant values ('b-1', 10, 'small');
          """);

      eventually(() -> assertThat(reader.changes()).hasSize(3));
      assertThat(reader.changes())
          .extracting(ChangeEvent::table, change -> change.after().columns())
          .containsExactly(
              tuple("public.category", Map.of("id", "1", "name", "cups")),
              tuple("public.product", Map.of("id", "10", "category_id", "1")),
              tuple("public.variant", Map.of("sku", "b-1", "product_id", "10")));
    }
  }

  @Test
  void watermarksPassEveryPublishedChangeWhenNothingElseHappens() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute("insert into product values (1, 'cup', 7)");

      eventually(
          () -> {
            assertThat(reader.changes()).hasSize(1);
            ChangeEvent change = reader.changes().get(0);
            assertThat(reader.marks())
                .anySatisfy(
                    mark -> {
                      assertThat(mark).isInstanceOf(Watermark.class);
                      Watermark watermark = (Watermark) mark;
                      assertThat(watermark.position()).isGreaterThan(change.position());
                      assertThat(watermark.gateTime()).isAfter(change.committedAt());
                    });
          });
    }
  }

  @Test
  void measuresTheLogThatTheServerKeepsForTheSlot() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      Connection connection = source.connect();
      connection.setAutoCommit(false);
      source.start(source.config(RULES));
      eventually(() -> assertThat(retained(source)).isPositive());
      double before = retained(source);

      // What a transaction that is open needs to be decoded is kept.
      connection
          .createStatement()
          .execute("insert into unruled select i from generate_series(1, 20000) i");

      eventually(() -> assertThat(retained(source)).isGreaterThan(before + 1_000_000));
      connection.rollback();
    }
  }

  private static double retained(SourceFixture source) {
    return source.metrics.registry().get("hearth_source_retained_wal_bytes").gauge().value();
  }

  @Test
  void raisesAnEpochAtBirthAndAgainWhenOlderTransactionsAreOver() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      eventually(
          () ->
              assertThat(reader.marks())
                  .filteredOn(EpochRaised.class::isInstance)
                  .extracting(mark -> ((EpochRaised) mark).settled())
                  .containsExactly(false, true));
      // It counts what it has published.
      eventually(
          () -> assertThat(source.metrics.counter(Metric.EPOCHS_RAISED).count()).isEqualTo(2));
      long settled =
          reader.marks().stream().mapToLong(mark -> mark.position().epoch()).max().orElse(0);
      eventually(
          () ->
              assertThat(source.health.ready().checks().get(0).sentence())
                  .endsWith("in epoch " + settled));
    }
  }

  @Test
  void goesOnInTheSameEpochAfterARestartAndLosesNothing() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      source.execute("insert into product select i, 'p', i from generate_series(1, 100) i");
      eventually(() -> assertThat(reader.changes()).hasSize(100));
      reader.awaitWatermarkOfASettledEpoch();

      first.close();
      source.execute("update product set name = 'q', category_id = 1000 + id");
      source.start(config);

      eventually(
          () ->
              assertThat(
                      reader.changes().stream()
                          .filter(change -> change.operation() == Operation.UPDATE)
                          .map(change -> change.after().columns().get("id"))
                          .distinct())
                  .containsExactlyInAnyOrderElementsOf(
                      IntStream.rangeClosed(1, 100).mapToObj(Integer::toString).toList()));
      assertThat(reader.marks()).filteredOn(EpochRaised.class::isInstance).hasSize(2);
    }
  }

  @Test
  void losesNothingWhenKilledInTheMiddleOfTrafficAndStartedAgain() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      SourceFixture.Reader reader = source.reader();
      try (Connection writer = source.connect();
          Statement statement = writer.createStatement()) {
        int next = 0;
        for (int round = 0; round < 5; round++) {
          Ingest ingest = source.start(config);
          for (int i = 0; i < 200; i++) {
            statement.execute("insert into product values (" + next++ + ", 'p', 1)");
          }
          ingest.close();
        }
        source.start(config);
        int written = next;
        eventually(
            () ->
                assertThat(
                        reader.changes().stream()
                            .map(change -> change.after().columns().get("id"))
                            .distinct()
                            .count())
                    .isEqualTo(written));
      }
    }
  }

  @Test
  void losesNothingWhileTheBrokerIsAway() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader before = source.reader();
      before.awaitWatermarkOfASettledEpoch();
      before.close();

      SourceFixture.sandbox().kafka().kill();
      try {
        source.execute("insert into product select i, 'p', i from generate_series(1, 5000) i");
      } finally {
        SourceFixture.sandbox().kafka().start();
      }
      source.execute("insert into product values (5001, 'p', 1)");

      SourceFixture.Reader reader = source.reader();
      eventually(
          () ->
              assertThat(
                      reader.changes().stream()
                          .map(change -> change.after().columns().get("id"))
                          .distinct()
                          .count())
                  .isEqualTo(5001));
    }
  }

  @Test
  void goesOnWhenAnyOfItsSessionsIsEnded() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      int id = 0;
      for (String session : List.of("hearth gate", "hearth heartbeat", "Debezium%")) {
        source.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname ="
                + " current_database() and application_name like '"
                + session
                + "'");
        String written = Integer.toString(++id);
        source.execute("insert into product values (" + written + ", 'p', 1)");
        eventually(
            () ->
                assertThat(reader.changes())
                    .as("after the end of %s", session)
                    .anyMatch(change -> written.equals(change.after().columns().get("id"))));
      }
      assertThat(reader.marks()).filteredOn(EpochRaised.class::isInstance).hasSize(2);
    }
  }

  @Test
  void leavesNoStreamBehindHoweverSoonItIsStopped() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      for (int millis = 0; millis <= 600; millis += 75) {
        Ingest ingest = source.start(config);
        LockSupport.parkNanos(Duration.ofMillis(millis).toNanos());

        ingest.close();

        int stoppedAfter = millis;
        // The engine says that it has ended before the last of its threads has.
        eventually(() -> assertThat(threads()).as("stopped after %d ms", stoppedAfter).isEmpty());
        source.awaitIdleSlot();
      }
    }
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("ingest") || name.startsWith("debezium"))
        .toList();
  }

  @Test
  void raisesANewEpochWhenTheSlotWasLostMeanwhile() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      first.close();

      source.awaitIdleSlot();
      source.execute("select pg_drop_replication_slot('" + source.name + "')");
      source.execute("insert into product values (1, 'lost', 1)");
      source.start(config);

      eventually(
          () ->
              assertThat(reader.marks())
                  .filteredOn(EpochRaised.class::isInstance)
                  .extracting(mark -> ((EpochRaised) mark).reason())
                  .contains("slot " + source.name + " was gone and has been created again"));
    }
  }

  @Test
  void raisesANewEpochWhenAChangeWasReadAndThenLostInACrash() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      source.execute("insert into product values (1, 'durable', 1)");
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      first.close();
      source.awaitIdleSlot();
      source.execute("alter system set wal_writer_delay = '10s'");
      source.execute("select pg_reload_conf()");
      try {
        eventually(() -> assertThat(lostInACrash(source)).isTrue());
        source.start(config);
        eventually(() -> assertThat(reasons(reader)).anyMatch(reason -> reason.contains("crash")));
      } finally {
        source.execute("alter system reset wal_writer_delay");
        source.execute("select pg_reload_conf()");
      }
    }
  }

  /**
   * Reads a change that is committed asynchronously, and crashes the server. Whether that change is
   * lost is up to the server, which may write its log at any time: one that has been idle for ten
   * seconds does so at once, one that has just started waits for its delay.
   */
  private static boolean lostInACrash(SourceFixture source) throws Exception {
    source.execute("update product set name = 'durable' where id = 1");
    source.execute("set synchronous_commit = off; update product set name = 'lost' where id = 1");
    assertThat(source.value("select name from product where id = 1")).isEqualTo("lost");

    SourceFixture.sandbox().postgres().kill();
    SourceFixture.sandbox().postgres().start();

    return source.value("select name from product where id = 1").equals("durable");
  }

  @Test
  void keepsTheEpochWhenTheServerWasRestartedInOrder() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      int before = reasons(reader).size();

      SourceFixture.sandbox().postgres().stop();
      SourceFixture.sandbox().postgres().start();

      source.execute("insert into product values (1, 'after', 1)");
      eventually(() -> assertThat(reader.changes()).hasSize(1));
      assertThat(reasons(reader)).hasSize(before);
    }
  }

  @Test
  void raisesANewEpochWhenThePublicationLeftOutChangesForAWhile() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      String publication = source.value("select pubname from pg_publication");

      // One transaction: in between, the ingest would add the table itself.
      source.execute(
          "alter publication %1$s drop table product; insert into product values (1, 'missed', 1); alter publication %1$s add table product"
              .formatted(publication));

      eventually(
          () -> assertThat(reasons(reader)).anyMatch(reason -> reason.contains("publication")));
      assertThat(reader.changes()).isEmpty();
    }
  }

  private static List<String> reasons(SourceFixture.Reader reader) {
    return reader.marks().stream()
        .filter(EpochRaised.class::isInstance)
        .map(mark -> ((EpochRaised) mark).reason())
        .toList();
  }

  @Test
  void raisesANewEpochWhenSomebodyAdvancedTheSlot() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      first.close();

      source.awaitIdleSlot();
      source.execute("insert into product values (1, 'lost', 1)");
      source.execute(
          "select pg_replication_slot_advance('" + source.name + "', pg_current_wal_lsn())");
      source.start(config);

      eventually(
          () ->
              assertThat(reader.marks())
                  .filteredOn(EpochRaised.class::isInstance)
                  .extracting(mark -> ((EpochRaised) mark).reason())
                  .anySatisfy(reason -> assertThat(reason).contains("somebody advanced")));
    }
  }
}
