package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A value has one text, whether it comes from the log or from a query, and it is the one that
 * RowImage promises; whatever the sessions' time zone and the database's ways of printing.
 */
class ValueTextTest {
  private static final Map<String, List<String>> TEXTS = texts();

  /** A value as SQL and the text that it must have, for each type; each also has NULL. */
  private static Map<String, List<String>> texts() {
    Map<String, List<String>> texts = new LinkedHashMap<>();
    texts.put("smallint", List.of("-7", "-7"));
    texts.put("int", List.of("42", "42"));
    texts.put("bigint", List.of("-9223372036854775808", "-9223372036854775808"));
    texts.put("oid", List.of("4294967295", "4294967295"));
    texts.put("boolean", List.of("t", "true", "f", "false"));
    texts.put(
        "real", List.of("0.1", "0.1", "1e20", "100000000000000000000", "-0", "0", "NaN", "NaN"));
    texts.put(
        "double precision",
        List.of(
            "0.1",
            "0.1",
            "2e-3",
            "0.002",
            "Infinity",
            "Infinity",
            "-Infinity",
            "-Infinity",
            "5.684341886080801e-14",
            "0.00000000000005684341886080801"));
    texts.put(
        "numeric",
        List.of(
            "1.500",
            "1.500",
            "0.0000001",
            "0.0000001",
            "NaN",
            "NaN",
            "Infinity",
            "Infinity",
            "-Infinity",
            "-Infinity",
            "1e30",
            "1" + "0".repeat(30)));
    texts.put("numeric(12,4)", List.of("1.5", "1.5000", "0", "0.0000"));
    texts.put("text", List.of("a,b\\c", "a,b\\c", "", "", "NAN", "NAN", "é", "é"));
    texts.put("varchar(9)", List.of("ab  ", "ab  "));
    texts.put("char(5)", List.of("ab", "ab   "));
    texts.put("citext", List.of("Abc", "Abc"));
    texts.put(
        "uuid",
        List.of("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
    texts.put(
        "date",
        List.of(
            "2020-02-29",
            "2020-02-29",
            "infinity",
            "infinity",
            "-infinity",
            "-infinity",
            "0044-03-15 BC",
            "-0043-03-15",
            "99999-01-01",
            "+99999-01-01"));
    texts.put(
        "time",
        List.of(
            "01:02",
            "01:02:00",
            "01:02:03.10",
            "01:02:03.1",
            "01:02:03.123456",
            "01:02:03.123456",
            "24:00:00",
            "24:00:00"));
    texts.put("time(0)", List.of("01:02:03.1", "01:02:03"));
    List<String> timestamps =
        List.of(
            "2020-02-29 01:02",
            "2020-02-29T01:02:00",
            "2020-02-29 01:02:03.120",
            "2020-02-29T01:02:03.12",
            "infinity",
            "infinity",
            "-infinity",
            "-infinity",
            "0044-03-15 01:02:03 BC",
            "-0043-03-15T01:02:03");
    texts.put("timestamp", timestamps);
    texts.put("timestamp(3)", timestamps);
    texts.put("timestamp(0)", List.of("2020-02-29 01:02:03.4", "2020-02-29T01:02:03"));
    texts.put(
        "timestamptz",
        List.of(
            "2020-02-29 01:02+02",
            "2020-02-28T23:02:00Z",
            "2020-02-29 01:02:03.120+02",
            "2020-02-28T23:02:03.12Z",
            "infinity",
            "infinity",
            "-infinity",
            "-infinity",
            "1890-01-01 00:00:00+00",
            "1890-01-01T00:00:00Z"));
    texts.put("timestamptz(0)", List.of("2020-02-29 01:02:03.4+02", "2020-02-28T23:02:03Z"));
    texts.put("bytea", List.of("\\x00FF10", "00ff10", "", ""));
    texts.put("json", List.of("{\"b\": 1,  \"a\":2}", "{\"b\": 1,  \"a\":2}"));
    texts.put("jsonb", List.of("{\"b\": 1,  \"a\":2}", "{\"a\": 2, \"b\": 1}"));
    texts.put("xml", List.of("<a/>", "<a/>"));
    texts.put("inet", List.of("10.0.0.1/24", "10.0.0.1/24", "10.0.0.1/32", "10.0.0.1"));
    texts.put("cidr", List.of("10.0.0.0/24", "10.0.0.0/24"));
    texts.put("macaddr", List.of("08-00-2B-01-02-03", "08:00:2b:01:02:03"));
    texts.put("mood", List.of("so so", "so so"));
    texts.put("positive", List.of("5", "5"));
    texts.put("amount", List.of("5.1", "5.10"));
    texts.put("moment", List.of("2020-02-29 01:02", "2020-02-29T01:02:00"));
    texts.put("narrow", List.of("five", "five"));
    return texts;
  }

  private static List<String> textsOf(String type) {
    return TEXTS.getOrDefault(type, List.of());
  }

  /** Types that may be in a primary key: their texts are in record keys as well. */
  private static boolean isComparable(String type) {
    return !List.of("json", "xml").contains(type);
  }

  /** A year that PostgreSQL reads in its own writing only, as a part of a record's key. */
  private static boolean isOutOfRange(String key) {
    return key.matches("public\\.k\\d+:(-0043|\\+99999)-.*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTC", "Asia/Kolkata"})
  void aValueHasOneTextWhereverItComesFrom(String zone) throws Exception {
    StringBuilder schema =
        new StringBuilder(
            """
            create extension citext;
            create type mood as enum ('sad', 'so so');
            create domain positive as int check (value > 0);
            create domain amount as numeric(8, 2);
            create domain moment as timestamp;
            create domain wide as text;
            create domain narrow as wide;
            """);
    StringBuilder rules =
        new StringBuilder("caches: { c: { stores: [ redis ], key: \"c:{id}:{v}\" } }\nrules:\n");
    List<String> types = new ArrayList<>(TEXTS.keySet());
    for (int i = 0; i < types.size(); i++) {
      String type = types.get(i);
      // A default must not be taken for NULL.
      schema.append(
          "create table t%d (id int primary key, v %s default '%s');\n"
              .formatted(i, type, textsOf(type).get(0)));
      rules.append("  - { table: public.t%d, keys: [ \"c:{id}:{v}\" ] }\n".formatted(i));
      if (isComparable(type)) {
        schema.append("create table k%d (v %s primary key, id int);\n".formatted(i, type));
        rules.append("  - { table: public.k%d, keys: [ \"c:{id}:{v}\" ] }\n".formatted(i));
      }
    }
    TimeZone before = TimeZone.getDefault();
    TimeZone.setDefault(TimeZone.getTimeZone(zone));
    try (SourceFixture source = new SourceFixture(schema.toString())) {
      source.execute(
          "alter database %1$s set datestyle = 'German'; alter database %1$s set bytea_output ="
                  .formatted(source.name)
              + " 'escape'; alter database %1$s set extra_float_digits = 0".formatted(source.name));
      HearthConfig config = source.config(rules.toString());
      source.start(config);
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      int rows = 0;
      StringBuilder inserts = new StringBuilder("set datestyle = 'ISO';\n");
      List<String> requests = new ArrayList<>();
      for (int i = 0; i < types.size(); i++) {
        List<String> texts = textsOf(types.get(i));
        for (int v = 0; v < texts.size(); v += 2) {
          inserts.append("insert into t%d values (%d, '%s');\n".formatted(i, v, texts.get(v)));
          rows++;
          if (isComparable(types.get(i))) {
            inserts.append("insert into k%d values ('%s', %d);\n".formatted(i, texts.get(v), v));
            rows++;
          }
        }
        inserts.append("insert into t%d values (-1, null);\n".formatted(i));
        rows++;
        requests.add("public.t" + i);
        if (isComparable(types.get(i))) {
          requests.add("public.k" + i);
        }
      }
      source.execute(inserts.toString());
      int all = rows;
      eventually(() -> assertThat(reader.changes()).hasSize(all));
      for (String table : requests) {
        source.request(table, table, "id", "v");
      }
      eventually(() -> assertThat(reader.ends()).hasSize(requests.size()));

      Map<String, Map<String, @Nullable String>> logged = new LinkedHashMap<>();
      Map<String, Map<String, @Nullable String>> selected = new LinkedHashMap<>();
      for (int r = 0; r < reader.records.size(); r++) {
        if (reader.records.get(r) instanceof ChangeEvent change) {
          logged.put(reader.keys.get(r), change.after().columns());
        } else if (reader.records.get(r) instanceof SnapshotRow row) {
          selected.put(reader.keys.get(r), row.row().columns());
        }
      }
      assertThat(selected).hasSize(all).containsExactlyInAnyOrderEntriesOf(logged);
      for (int i = 0; i < types.size(); i++) {
        List<String> texts = textsOf(types.get(i));
        for (int v = 0; v < texts.size(); v += 2) {
          assertThat(logged.getOrDefault("public.t%d:%d".formatted(i, v), Map.of()).get("v"))
              .as("%s '%s'", types.get(i), texts.get(v))
              .isEqualTo(texts.get(v + 1));
        }
        assertThat(logged.get("public.t%d:-1".formatted(i)))
            .as("%s NULL", types.get(i))
            .containsEntry("v", null);
      }
      try (SourceRows present = SourceRows.open(config, Optional.empty())) {
        for (Map.Entry<String, Map<String, @Nullable String>> each : logged.entrySet()) {
          String table = each.getKey().substring(0, each.getKey().indexOf(':'));
          if (!isOutOfRange(each.getKey())) {
            assertThat(present.row(table, each.getKey()).map(RowImage::columns))
                .as(each.getKey())
                .contains(each.getValue());
          }
        }
      }
    } finally {
      TimeZone.setDefault(before);
    }
  }
}
