package dev.hearth.warmer.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.sandbox.PostgresServer;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.Refusal;
import dev.hearth.store.standby.Standby;
import dev.hearth.store.standby.StandbyReads;
import dev.hearth.store.standby.StandbyReads.From;
import dev.hearth.store.standby.StandbyReads.Read;
import dev.hearth.warmer.RealServers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Against a real PostgreSQL. */
class RowLoaderTest {
  private static final String DATABASE = "row_loader";
  private static HikariDataSource primary;

  @BeforeAll
  static void schema() {
    RealServers.sql(
        DATABASE,
        "create table product (id int primary key, name text, price numeric(12,2))",
        "insert into product select i, 'product ' || i, i + 0.50 from generate_series(1, 500) i",
        "create table stock (shop bigint, sku text, amount int, primary key (shop, sku))",
        "insert into stock values (1, 'a', 10), (1, 'b', 20), (2, 'a', 30), (2, 'x:y', 40)",
        "create type colour as enum ('red', 'green')",
        "create table thing (colour colour primary key, n int)",
        "insert into thing values ('red', 1)",
        "create table person (id uuid primary key, name text)",
        "insert into person values ('8f14e45f-ceea-467f-9575-2b1f0a8a4b4c', 'Ada')",
        """
        create table every (
          id int primary key, b boolean, s smallint, l bigint, r real, d double precision,
          n numeric, t text, c char(3), u uuid, ts timestamp, tz timestamptz, da date, ti time,
          j json, jb jsonb, by bytea, ints int[], texts text[], nested int[][], stamps timestamptz[],
          nums numeric[], flags boolean[], e colour, iv interval)
        """,
        """
        insert into every values (1, true, -3, 9007199254740993, 1.5, 1e100, 12.50, 'grün "x"', 'ab',
          '8f14e45f-ceea-467f-9575-2b1f0a8a4b4c', '2026-11-23 08:15:30.5', '2026-11-23 09:15:30+01',
          '2026-11-23', '08:15', '{"a": [1, null]}', '{"b":2}', '\\x00ff', '{1,null,3}', '{a,"b c"}',
          '{{1,2},{3,4}}', '{2026-11-23 09:15:30+01}', '{1.10,2}', '{t,f}', 'green', '1 day'),
          (3, null, null, null, 'NaN', '-Infinity', 'NaN', null, null, null, 'infinity', '-infinity',
          'infinity', null, null, null, null, null, null, null, null, null, null, null, null)
        """,
        "insert into every (id) values (2)");
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(DATABASE),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            2,
            Duration.ofSeconds(1));
  }

  @AfterAll
  static void close() {
    primary.close();
  }

  @Test
  void readsManyKeysInOneQueryAndTellsWhichHaveNoRow() {
    RowLoader loader =
        loader("product:{id}", "select id, name, price from product where id = any(:id)");

    LoadedBatch batch = loader.load(List.of("product:7", "product:9999", "product:500"));

    assertThat(text(batch))
        .isEqualTo(
            Map.of(
                "product:7", "{\"id\":7,\"name\":\"product 7\",\"price\":7.50}",
                "product:500", "{\"id\":500,\"name\":\"product 500\",\"price\":500.50}"));
    assertThat(batch.absent()).containsExactly("product:9999");
    assertThat(batch.unloadable()).isEmpty();
    assertThat(batch.unasked()).isZero();
  }

  @Test
  void readsNothingForNoKeys() {
    assertThat(loader("product:{id}", "select id from product where id = any(:id)").load(List.of()))
        .isEqualTo(new LoadedBatch(Map.of(), Set.of(), Set.of(), 0));
  }

  @Test
  void writesEveryTypeAsDocumented() {
    RowLoader loader = loader("every:{id}", "select * from every where id = any(:id)");

    Map<String, String> rows = text(loader.load(List.of("every:1", "every:2", "every:3")));

    assertThat(rows.get("every:1"))
        .isEqualTo(
            "{\"id\":1,\"b\":true,\"s\":-3,\"l\":9007199254740993,\"r\":1.5,\"d\":1.0E100,"
                + "\"n\":12.50,\"t\":\"grün \\\"x\\\"\",\"c\":\"ab \","
                + "\"u\":\"8f14e45f-ceea-467f-9575-2b1f0a8a4b4c\",\"ts\":\"2026-11-23T08:15:30.5\","
                + "\"tz\":\"2026-11-23T08:15:30Z\",\"da\":\"2026-11-23\",\"ti\":\"08:15:00\","
                + "\"j\":{\"a\": [1, null]},\"jb\":{\"b\": 2},\"by\":\"AP8=\",\"ints\":[1,null,3],"
                + "\"texts\":[\"a\",\"b c\"],\"nested\":[[1,2],[3,4]],"
                + "\"stamps\":[\"2026-11-23T08:15:30Z\"],\"nums\":[1.10,2],\"flags\":[true,false],"
                + "\"e\":\"green\",\"iv\":\"1 day\"}");
    assertThat(rows.get("every:2")).contains("\"b\":null").contains("\"jb\":null");
    assertThat(rows.get("every:3"))
        .contains("\"r\":\"NaN\",\"d\":\"-Infinity\",\"n\":\"NaN\"")
        .contains("\"ts\":\"infinity\",\"tz\":\"-infinity\",\"da\":\"infinity\"");
  }

  @Test
  void readsCompositeKeysByArraysOfEqualLength() {
    RowLoader loader =
        loader(
            "stock:{shop}:{sku}",
            "select shop, sku, amount from stock where (shop, sku) in (select * from unnest(:shop::bigint[], :sku::text[]))");

    LoadedBatch batch = loader.load(List.of("stock:2:a", "stock:1:a", "stock:1:x", "stock:2:x:y"));

    assertThat(text(batch))
        .isEqualTo(
            Map.of(
                "stock:1:a", "{\"shop\":1,\"sku\":\"a\",\"amount\":10}",
                "stock:2:a", "{\"shop\":2,\"sku\":\"a\",\"amount\":30}"));
    // shop 2 and sku x:y, or shop 2:x and sku y: what is not certain is neither loaded nor absent.
    assertThat(batch.unloadable()).containsExactly("stock:2:x:y");
    assertThat(batch.absent()).containsExactly("stock:1:x");
  }

  @Test
  void ignoresRowsThatNobodyAskedForAndThenDoesNotTrustAbsence() {
    RowLoader loader =
        loader("product:{id}", "select id from product where id = any(:id) or id <= 3");

    LoadedBatch batch = loader.load(List.of("product:1", "product:9999"));

    assertThat(batch.found()).containsOnlyKeys("product:1");
    assertThat(batch.unasked()).isEqualTo(2);
    assertThat(batch.absent()).isEmpty();
    assertThat(batch.unloadable()).containsExactly("product:9999");
  }

  @Test
  void takesNoKeyThatItsTypeWouldWriteOtherwise() {
    RowLoader products = loader("product:{id}", "select id from product where id = any(:id)");
    RowLoader people = loader("person:{id}", "select id, name from person where id = any(:id)");

    LoadedBatch batch =
        products.load(
            List.of("product:007", "product:seven", "product:99999999999", "product:7", "page:7"));
    LoadedBatch persons =
        people.load(
            List.of(
                "person:8f14e45f-ceea-467f-9575-2b1f0a8a4b4c",
                "person:8F14E45F-CEEA-467F-9575-2B1F0A8A4B4C",
                "person:00000000-0000-0000-0000-000000000000"));

    assertThat(batch.found()).containsOnlyKeys("product:7");
    assertThat(batch.absent()).isEmpty();
    assertThat(batch.unloadable())
        .containsExactlyInAnyOrder("product:007", "product:seven", "product:99999999999", "page:7");
    assertThat(persons.found()).containsOnlyKeys("person:8f14e45f-ceea-467f-9575-2b1f0a8a4b4c");
    assertThat(persons.absent()).containsExactly("person:00000000-0000-0000-0000-000000000000");
    assertThat(persons.unloadable()).hasSize(1);
  }

  /** As the derivation writes them, whatever the driver's own text is. */
  @Test
  void readsKeysOfEveryTypeAndFormat() {
    assertFound("day:{da}", "da", "day:2026-11-23");
    assertFound("day:{da:date:dd.MM.yyyy}", "da", "day:23.11.2026");
    assertFound("at:{tz}", "tz", "at:2026-11-23T08:15:30Z");
    assertFound("at:{tz:date:yyyyMMddHHmmss}", "tz", "at:20261123081530");
    assertFound("at:{ts}", "ts", "at:2026-11-23T08:15:30.5");
    assertFound("flag:{b}", "b", "flag:true");
    assertFound("n:{n:trim}", "n", "n:12.5");
    assertFound("n:{n}", "n", "n:12.50");
    assertFound("r:{r}", "r", "r:1.5");
    assertFound("i:{id:pad:4}", "id", "i:0001");
    assertFound("t:{t:urlencode}", "t", "t:gr%C3%BCn%20%22x%22");
    assertFound("u:{u:compact}", "u", "u:8f14e45fceea467f95752b1f0a8a4b4c");
  }

  private static void assertFound(String key, String column, String asked) {
    RowLoader loader =
        loader(
            key,
            "select %1$s, id as row from every where %1$s = any(:%1$s) and id < 3"
                .formatted(column));

    assertThat(loader.check()).isEmpty();
    LoadedBatch batch = loader.load(List.of(asked));

    assertThat(batch.found()).as(key).containsOnlyKeys(asked);
    assertThat(batch.unasked()).isZero();
  }

  @Test
  void saysWhatOfAQueryDoesNotFitWithoutReading() {
    assertThat(loader("product:{id}", "select id from product where id = any(:id)").check())
        .isEmpty();
    assertThat(loader("product:{id}", "select name, id from product where id = any(:id)").check())
        .hasValueSatisfying(
            problem -> assertThat(problem).startsWith("column 1 of load is \"name\""));
    assertThat(loader("product:{id}", "select id from product where id = :id").check())
        .hasValueSatisfying(
            problem -> assertThat(problem).startsWith("load takes :id as one int4"));
    assertThat(loader("product:{id}", "select id from prodct where id = any(:id)").check())
        .contains(
            "load failed: relation \"prodct\" does not exist (SQLSTATE 42P01); try it with psql");
    assertThat(loader("product:{id}", "delete from product where id = any(:id)").check())
        .contains("load gives no rows; write a select");
  }

  @Test
  void findsTheKeyThatFailsABatchWhereOnlyPostgresKnowsTheType() {
    RowLoader loader =
        loader("thing:{colour}", "select colour, n from thing where colour = any(:colour)");

    LoadedBatch batch = loader.load(List.of("thing:red", "thing:purple", "thing:green"));

    assertThat(text(batch)).isEqualTo(Map.of("thing:red", "{\"colour\":\"red\",\"n\":1}"));
    assertThat(batch.absent()).isEmpty();
    assertThat(batch.unloadable()).containsExactlyInAnyOrder("thing:purple", "thing:green");
  }

  @Test
  void doesNotChooseBetweenTwoRowsOfOneKey() {
    RowLoader loader =
        loader(
            "product:{id}",
            "select p.id, s.sku from product p join stock s on s.shop = p.id where p.id = any(:id)");

    LoadedBatch batch = loader.load(List.of("product:1", "product:3"));

    assertThat(batch.found()).isEmpty();
    assertThat(batch.unloadable()).containsExactly("product:1");
    assertThat(batch.absent()).containsExactly("product:3");
  }

  @Test
  void saysThatKeyColumnsComeFirst() {
    assertThatThrownBy(
            () ->
                loader("product:{id}", "select name, id from product where id = any(:id)")
                    .load(List.of("product:1")))
        .isInstanceOf(LoadException.class)
        .hasMessage(
            "column 1 of load is \"name\"; expected the key column \"id\": select the key columns"
                + " first, in the order of the key product:{id}");
  }

  @Test
  void saysThatManyKeysAreReadAtOnce() {
    assertThatThrownBy(
            () ->
                loader("product:{id}", "select id from product where id = :id")
                    .load(List.of("product:1")))
        .hasMessage(
            "load takes :id as one int4; many keys are read at once, so write it as an array: id ="
                + " any(:id)");
  }

  @Test
  void saysThatTwoColumnsHaveOneName() {
    assertThatThrownBy(
            () ->
                loader("product:{id}", "select id, name, name from product where id = any(:id)")
                    .load(List.of("product:1")))
        .hasMessage(
            "load selects two columns called \"name\", which a JSON object cannot hold; rename one"
                + " with: as other_name");
  }

  @Test
  void saysWhatPostgresSaysOfAWrongQuery() {
    assertThatThrownBy(
            () ->
                loader("product:{id}", "select id from produkt where id = any(:id)")
                    .load(List.of("product:1")))
        .hasMessage("load failed: relation \"produkt\" does not exist (SQLSTATE 42P01)");
  }

  @Test
  void endsAQueryThatTakesTooLong() {
    assertThatThrownBy(
            () ->
                loader("product:{id}", "select id from product, pg_sleep(20) where id = any(:id)")
                    .load(List.of("product:1")))
        .hasMessage("load failed: canceling statement due to statement timeout (SQLSTATE 57014)");
  }

  @Test
  void canChangeNothingInTheDatabase() throws SQLException {
    try (Connection connection = primary.getConnection();
        Statement statement = connection.createStatement()) {
      assertThatThrownBy(() -> statement.execute("delete from product"))
          .hasMessageContaining("read-only transaction");
    }
  }

  @Test
  void readsABatchOfFiveHundred() {
    RowLoader loader = loader("product:{id}", "select id from product where id = any(:id)");

    LoadedBatch batch =
        loader.load(IntStream.rangeClosed(1, 500).mapToObj(i -> "product:" + i).toList());

    assertThat(batch.found()).hasSize(500);
  }

  @Test
  void readsOnAStandbyWhatItHasReplayedAndTheRestOnThePrimary() throws Exception {
    PostgresServer replica = RealServers.standby();
    try (HikariDataSource standby = standbyPool(replica)) {
      RowLoader loader =
          loader(standby, "product:{id}", "select id, name from product where id = any(:id)");
      RealServers.sql(DATABASE, "update product set name = 'before' where id = 1");

      Read<LoadedBatch> before = loader.load(List.of("product:1"), flushed());
      replica.delayReplay(Duration.ofHours(1));
      RealServers.sql(DATABASE, "update product set name = 'after' where id = 1");
      Read<LoadedBatch> after = loader.load(List.of("product:1"), flushed());
      replica.delayReplay(Duration.ZERO);
      RealServers.sql(DATABASE, "update product set name = 'product 1' where id = 1");

      assertThat(before.from()).isEqualTo(From.STANDBY);
      assertThat(text(before.value()))
          .isEqualTo(Map.of("product:1", "{\"id\":1,\"name\":\"before\"}"));
      assertThat(after.from()).isEqualTo(From.PRIMARY);
      assertThat(after.refusals()).containsExactly(Refusal.BEHIND);
      assertThat(text(after.value()))
          .isEqualTo(Map.of("product:1", "{\"id\":1,\"name\":\"after\"}"));
    }
  }

  @Test
  void looksOnThePrimaryForTheKeyThatFailsABatch() throws Exception {
    try (HikariDataSource standby = standbyPool(RealServers.standby())) {
      RowLoader loader =
          loader(
              standby, "thing:{colour}", "select colour, n from thing where colour = any(:colour)");

      Read<LoadedBatch> read = loader.load(List.of("thing:red", "thing:purple"), flushed());

      assertThat(text(read.value())).isEqualTo(Map.of("thing:red", "{\"colour\":\"red\",\"n\":1}"));
      assertThat(read.value().unloadable()).containsExactly("thing:purple");
      assertThat(read.refusals()).containsExactly(Refusal.QUERY_FAILED);
    }
  }

  private static Optional<Position> flushed() {
    String lsn = RealServers.query(DATABASE, "select pg_current_wal_flush_lsn() - '0/0'");
    return Optional.of(new Position(1, Long.parseLong(lsn)));
  }

  private static HikariDataSource standbyPool(PostgresServer replica) {
    return ReadPool.standby(
        replica.jdbcUrl(DATABASE), replica.user(), replica.password(), 2, Duration.ofSeconds(5));
  }

  private static RowLoader loader(HikariDataSource standby, String key, String load) {
    History history =
        new History(
            RealServers.query(DATABASE, "select system_identifier::text from pg_control_system()"),
            1);
    KeyTemplate template = KeyTemplate.parse(key);
    return new RowLoader(
        new StandbyReads(
            primary,
            List.of(new Standby("standby", standby)),
            epoch -> Optional.of(history),
            // A standby that is only slow catches up; one that is delayed for an hour does not.
            new StandbyReads.Settings(Duration.ofSeconds(5), Duration.ZERO)),
        LoadQuery.parse(load, template),
        template);
  }

  private static RowLoader loader(String key, String load) {
    KeyTemplate template = KeyTemplate.parse(key);
    return new RowLoader(primary, LoadQuery.parse(load, template), template);
  }

  private static Map<String, String> text(LoadedBatch batch) {
    return batch.found().entrySet().stream()
        .collect(
            java.util.stream.Collectors.toMap(
                Map.Entry::getKey, each -> new String(each.getValue(), StandardCharsets.UTF_8)));
  }
}
