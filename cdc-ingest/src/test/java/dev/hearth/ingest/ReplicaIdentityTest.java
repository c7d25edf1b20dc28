package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * What the log does not carry of an old row must never be taken for SQL NULL: the page of the old
 * category would stay. The stream does not say under which replica identity a row was logged.
 */
class ReplicaIdentityTest {
  private static final String SCHEMA =
      """
      create table product (id int primary key, category_id int);
      insert into product select i, 7 from generate_series(1, 9) i;
      """;
  private static final String FULL = "alter table product replica identity full;";
  private static final String DEFAULT = "alter table product replica identity default;";
  private static final String RULES =
      """
      caches:
        product: { stores: [ redis ], key: "product:{id}" }
        category: { stores: [ redis ], key: "category:{id}" }
      rules:
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
      """;

  @Test
  void anIdentityThatIsTakenAwayWhileRunningIsNoticedWithTheFirstChange() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA + FULL)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      source.execute("delete from product where id = 1");
      eventually(() -> assertThat(reader.changes()).hasSize(1));

      source.execute(DEFAULT + "delete from product where id = 2");

      // Of the second nothing old is relied on; the first may come twice, and then neither.
      eventually(
          () ->
              assertThat(deletes(reader))
                  .anyMatch(change -> change.before().equals(RowImage.UNKNOWN)));
      assertThat(deletes(reader))
          .extracting(change -> change.before().columns())
          .containsOnly(Map.of("id", "1", "category_id", "7"), Map.of());
    }
  }

  @Test
  void whatWasLoggedBeforeTheFullIdentityWasThereIsNotReadAsFull() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      first.close();

      source.execute("delete from product where id = 1");
      source.execute(FULL);
      source.start(config);
      eventually(() -> assertThat(deletes(reader)).isNotEmpty());
      source.execute("delete from product where id = 2");
      eventually(() -> assertThat(deletesOf(reader, "2")).isNotEmpty());

      assertThat(deletes(reader).get(0).before()).isEqualTo(RowImage.UNKNOWN);
      assertThat(deletesOf(reader, "2").get(0).before().columns())
          .isEqualTo(Map.of("id", "2", "category_id", "7"));
    }
  }

  @Test
  void anOldIdentityIsReliedOnForAllThatTheSlotStreams() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA + FULL)) {
      HearthConfig config = source.config(RULES);
      Ingest first = source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      first.close();

      source.execute("delete from product where id = 1");
      source.start(config);

      eventually(() -> assertThat(deletes(reader)).isNotEmpty());
      assertThat(deletes(reader).get(0).before().columns())
          .isEqualTo(Map.of("id", "1", "category_id", "7"));
    }
  }

  @Test
  void aNewPartitionThatDoesNotTakeOverTheFullIdentityIsNoTrap() throws Exception {
    try (SourceFixture source =
        new SourceFixture(
            """
            create table product (id int primary key, category_id int) partition by range (id);
            create table product_1 partition of product for values from (0) to (10);
            alter table product replica identity full;
            alter table product_1 replica identity full;
            """)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute(
          """
          create table product_2 partition of product for values from (10) to (20);
          insert into product values (1, 7), (11, 7);
          delete from product where id = 11;
          delete from product where id = 1;
          """);

      eventually(() -> assertThat(deletes(reader)).hasSize(2));
      assertThat(deletes(reader))
          .extracting(change -> change.before().columns())
          .containsExactly(Map.of("id", "11"), Map.of("id", "1"));
      assertThat(deletes(reader)).extracting(ChangeEvent::table).containsOnly("public.product");
    }
  }

  @Test
  void aTableThatIsDroppedAndMadeAgainIsFollowedAgain() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      source.execute("update product set category_id = 8 where id = 1");
      eventually(() -> assertThat(reader.changes()).hasSize(1));

      source.execute("drop table product; " + SCHEMA.replace("insert", "-- insert"));

      eventually(
          () -> {
            source.execute(
                "insert into product values (99, 1) on conflict (id) do update set category_id = 2");
            assertThat(reader.changes())
                .anyMatch(change -> "99".equals(change.after().columns().get("id")));
          });
    }
  }

  @Test
  void withAnIndexAsIdentityARowKeepsItsKeyUntilTheIndexSaysAnother() throws Exception {
    try (SourceFixture source =
        new SourceFixture(
            """
            create table product (id int primary key, category_id int, code int not null,
                                  shop text not null);
            create unique index by_code on product (shop, code) include (category_id);
            alter table product replica identity using index by_code;
            """)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute(
          """
          insert into product values (0, 7, 10, 'a,b'), (2, 7, 10, 'c');
          update product set category_id = 8 where id = 0;
          update product set code = 11 where id = 0;
          update product set id = 5 where id = 0;
          update product set code = 12 where id = 5;
          delete from product where id = 5;
          """);

      eventually(() -> assertThat(reader.changes()).hasSize(9));
      assertThat(reader.keyed())
          .containsExactly(
              "INSERT public.product:a\\,b,10",
              "INSERT public.product:c,10",
              "UPDATE public.product:a\\,b,10",
              "DELETE public.product:a\\,b,10",
              "INSERT public.product:a\\,b,11",
              "UPDATE public.product:a\\,b,11",
              "DELETE public.product:a\\,b,11",
              "INSERT public.product:a\\,b,12",
              "DELETE public.product:a\\,b,12");
      // The old values of columns that the index only includes are not in the log.
      assertThat(deletes(reader))
          .extracting(change -> change.before().columns())
          .containsOnly(Map.of());
    }
  }

  @Test
  void aChangedPrimaryKeyIsARowThatGoesAndOneThatComes() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute("update product set id = 10 * id where id <= 2");

      eventually(() -> assertThat(reader.changes()).hasSize(4));
      assertThat(reader.keyed())
          .containsExactly(
              "DELETE public.product:1",
              "INSERT public.product:10",
              "DELETE public.product:2",
              "INSERT public.product:20");
    }
  }

  @Test
  void anUntouchedLargeValueThatIdentifiesTheRowIsStillItsKey() throws Exception {
    try (SourceFixture source =
        new SourceFixture(
            """
            create table product (id text primary key, category_id int);
            alter table product alter id set storage external;
            """)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute(
          """
          insert into product values (repeat('x', 2500), 7);
          update product set category_id = 8;
          """);

      eventually(() -> assertThat(reader.changes()).hasSize(2));
      String key = "public.product:" + "x".repeat(2500);
      assertThat(reader.keyed()).containsExactly("INSERT " + key, "UPDATE " + key);
    }
  }

  private static List<ChangeEvent> deletesOf(SourceFixture.Reader reader, String id) {
    return deletes(reader).stream()
        .filter(change -> id.equals(change.before().columns().get("id")))
        .toList();
  }

  private static List<ChangeEvent> deletes(SourceFixture.Reader reader) {
    return reader.changes().stream()
        .filter(change -> change.operation() == Operation.DELETE)
        .toList();
  }
}
