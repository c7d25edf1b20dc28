package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * What befalls tables while they are followed: rows that go without a change of their own, columns
 * that go and come. What is not known is said, and nothing is silently wrong.
 */
class SchemaChangesTest {
  private static final String SCHEMA =
      """
      create table category (id int primary key, name text);
      create table product (id int primary key, category_id int references category, note text);
      create table stock (id int, region text, primary key (id, region))
        partition by list (region);
      create table stock_eu partition of stock for values in ('eu');
      create table stock_us partition of stock for values in ('us');
      insert into category values (1, 'cups'), (2, 'mugs');
      insert into product select i, 1, 'n' from generate_series(1, 5) i;
      insert into stock select i, r from generate_series(1, 5) i, unnest('{eu,us}'::text[]) r;
      """;
  private static final String RULES =
      """
      caches:
        category: { stores: [ redis ], key: "category:{id}" }
        product: { stores: [ redis ], key: "product:{id}" }
        stock: { stores: [ redis ], key: "stock:{id}:{region}" }
      rules:
        - { table: public.category, keys: [ "category:{id}" ] }
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
        - { table: public.stock, keys: [ "stock:{id}:{region}" ] }
      """;

  @Test
  void truncatesAreToldOfEachTableThatTheyEmpty() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute(
          "begin; insert into category values (3, 'new'); truncate category cascade; commit");
      source.execute("truncate product, stock");

      eventually(() -> assertThat(reader.keyed()).contains("TRUNCATE public.stock"));
      // That a table has another file may be noticed before the log tells of its TRUNCATE.
      List<String> keyed =
          reader.keyed().stream()
              .filter(change -> !change.matches("UPDATE public\\.[a-z]+"))
              .toList();
      assertThat(keyed.get(0)).isEqualTo("INSERT public.category:3");
      assertThat(keyed.subList(1, 3))
          .containsExactlyInAnyOrder("TRUNCATE public.category", "TRUNCATE public.product");
      assertThat(keyed.subList(3, keyed.size()))
          .contains("TRUNCATE public.product", "TRUNCATE public.stock");
    }
  }

  @Test
  void rowsThatGoWithAPartitionAreToldOfAsAChangeOfWhichNothingIsKnown() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      toldOfStock(source, reader, "truncate stock_eu");
      toldOfStock(source, reader, "alter table stock detach partition stock_us");
      toldOfStock(
          source, reader, "alter table stock attach partition stock_us for values in ('us')");
      source.execute("insert into stock values (9, 'us')");
      eventually(() -> assertThat(reader.keyed()).contains("INSERT public.stock:9,us"));
      assertThat(unknown(reader, "public.product")).isEmpty();
    }
  }

  @Test
  void aPartitionThatWasAwayForAMomentIsNoticed() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      toldOfStock(
          source,
          reader,
          """
          begin;
          alter table stock detach partition stock_us;
          delete from stock_us where id = 1;
          alter table stock attach partition stock_us for values in ('us');
          commit
          """);
    }
  }

  /** Does something, and waits for what was surely published after it. */
  private static void toldOfStock(SourceFixture source, SourceFixture.Reader reader, String sql)
      throws Exception {
    long before =
        Long.parseLong(
            source.value("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"));
    source.execute(sql);
    eventually(
        () ->
            assertThat(unknown(reader, "public.stock"))
                .anyMatch(change -> change.position().lsn() > before));
  }

  @Test
  void aColumnThatRulesNeedMayGoAndComeBack() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute("alter table product rename category_id to cat");
      source.execute("update product set cat = 2 where id = 1");

      eventually(
          () ->
              assertThat(source.deadLetters())
                  .anySatisfy(
                      reason ->
                          assertThat(reason)
                              .isEqualTo(
                                  "\"category:{category_id}\" names no column of public.product"
                                      + " (id, cat, note); expected one of them")));
      // The other tables go on, and so does this one when its column is back.
      source.execute("update category set name = 'old' where id = 1");
      eventually(() -> assertThat(reader.keyed()).contains("UPDATE public.category:1"));
      int before = unknown(reader, "public.product").size();
      assertThat(before).isGreaterThanOrEqualTo(2);
      source.execute("alter table product rename cat to category_id");
      source.execute("update product set category_id = 1 where id = 2");

      eventually(
          () ->
              assertThat(reader.changes())
                  .anyMatch(
                      change ->
                          change.after().columns().equals(Map.of("id", "2", "category_id", "1"))));
      assertThat(unknown(reader, "public.product")).hasSizeGreaterThan(before);
      assertThat(reader.changes())
          .filteredOn(change -> change.table().equals("public.product"))
          .noneMatch(
              change ->
                  change.operation() == Operation.UPDATE
                      && change.after().knows("id")
                      && !change.after().knows("category_id"));
    }
  }

  @Test
  void aColumnOfAnotherTypeIsReadAsItIsOrRefused() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute(
          "alter table product drop constraint product_category_id_fkey,"
              + " alter category_id type text using 'c' || category_id");
      source.execute("update product set category_id = 'c9' where id = 1");
      eventually(
          () ->
              assertThat(reader.changes())
                  .anyMatch(change -> change.after().columns().containsValue("c9")));
      assertThat(unknown(reader, "public.product")).isNotEmpty();

      source.execute("alter table product alter category_id type text[] using array[category_id]");
      source.execute("update product set category_id = array['c8'] where id = 1");
      eventually(
          () ->
              assertThat(source.deadLetters())
                  .anyMatch(reason -> reason.contains("of the type text[]")));
      assertThat(reader.changes())
          .noneMatch(change -> change.after().columns().toString().contains("c8"));
    }
  }

  @Test
  void aTableThatIsGoneDoesNotStopTheOthers() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute("drop table stock");
      source.execute("insert into category values (3, 'new')");

      eventually(() -> assertThat(reader.keyed()).contains("INSERT public.category:3"));
      source.execute("create table stock (id int, region text, primary key (id, region))");
      eventually(
          () -> {
            source.execute("insert into stock values (9, 'us') on conflict do nothing");
            source.execute("delete from stock");
            assertThat(reader.keyed()).contains("DELETE public.stock:9,us");
          });
    }
  }

  @Test
  void aLargeValueThatAnUpdateLeftAsItWasIsNotKnownWhateverItsType() throws Exception {
    List<String> types =
        List.of("text", "bytea", "jsonb", "json", "varchar", "citext", "xml", "wide", "numeric");
    StringBuilder schema =
        new StringBuilder("create extension citext; create domain wide as text;");
    StringBuilder rules =
        new StringBuilder("caches: { c: { stores: [ redis ], key: \"c:{id}:{v}\" } }\nrules:\n");
    for (int i = 0; i < types.size(); i++) {
      schema.append(
          "create table t%1$d (id int primary key, n int, v %2$s); alter table t%1$d alter v set storage external;"
              .formatted(i, types.get(i)));
      rules.append("  - { table: public.t%d, keys: [ \"c:{id}:{v}\" ] }\n".formatted(i));
    }
    try (SourceFixture source = new SourceFixture(schema.toString())) {
      source.start(source.config(rules.toString()));
      SourceFixture.Reader reader = source.reader();
      for (int i = 0; i < types.size(); i++) {
        String large =
            switch (types.get(i)) {
              case "bytea" -> "decode(repeat('ab', 3000), 'hex')";
              case "jsonb", "json" -> "('\"' || repeat('x', 3000) || '\"')::" + types.get(i);
              case "xml" -> "('<a>' || repeat('x', 3000) || '</a>')::xml";
              case "numeric" -> "repeat('123456789', 1000)::numeric";
              default -> "repeat('x', 3000)";
            };
        source.execute("insert into t%d values (1, 1, %s)".formatted(i, large));
        source.execute("update t%d set n = 2".formatted(i));
      }

      eventually(() -> assertThat(reader.changes()).hasSize(2 * types.size()));
      assertThat(reader.changes())
          .filteredOn(change -> change.operation() == Operation.UPDATE)
          .allSatisfy(
              change ->
                  assertThat(change.after().columns())
                      .as(types.get(Integer.parseInt(change.table().substring(8))))
                      .isIn(Map.of("id", "1"), Map.of()));
    }
  }

  @Test
  void whatIsRolledBackLeavesNothing() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();

      source.execute("begin; insert into category values (10, 'aborted'); rollback");
      source.execute(
          """
          begin;
          insert into category values (11, 'kept');
          savepoint one;
          insert into category values (12, 'undone');
          savepoint two;
          update category set name = 'undone' where id = 11;
          release two;
          rollback to one;
          savepoint three;
          insert into category values (13, 'kept');
          release three;
          commit;
          """);
      source.execute(
          "begin; insert into category values (14, 'p'); prepare transaction 'p1_"
              + source.name
              + "'");
      source.execute(
          "begin; insert into category values (15, 'p'); prepare transaction 'p2_"
              + source.name
              + "'");
      source.execute("rollback prepared 'p1_" + source.name + "'");
      source.execute("commit prepared 'p2_" + source.name + "'");
      source.execute("insert into category values (16, 'last')");

      eventually(() -> assertThat(reader.keyed()).contains("INSERT public.category:16"));
      assertThat(reader.keyed())
          .containsExactly(
              "INSERT public.category:11",
              "INSERT public.category:13",
              "INSERT public.category:15",
              "INSERT public.category:16");
    }
  }

  private static List<ChangeEvent> unknown(SourceFixture.Reader reader, String table) {
    return reader.changes().stream()
        .filter(
            change ->
                change.table().equals(table)
                    && change.operation() == Operation.UPDATE
                    && change.before().equals(RowImage.UNKNOWN)
                    && change.after().equals(RowImage.UNKNOWN))
        .toList();
  }
}
