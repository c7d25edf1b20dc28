package dev.hearth.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is said of rules that do not fit the live schema, and where. */
class LiveRulesTest {
  private static final String SCHEMA =
      """
      create type state as enum ('draft', 'live');
      create domain price as numeric(10, 2);
      create domain fair_price as price check (value > 0);
      create table category (id int primary key, name text not null, code varchar(10) not null);
      create table product (
        id int primary key, category_id bigint not null, parent_id int, amount fair_price,
        state state not null, visible boolean not null, uid uuid not null, day date not null,
        tags text[], name text not null, numeric_id numeric not null,
        slug text generated always as (lower(name)) stored);
      alter table product replica identity full;
      create table secret (id int primary key, name text not null);
      alter table secret enable row level security, replica identity full;
      create table event (id int, day date, primary key (id, day)) partition by range (day);
      create table event_2024 partition of event for values from ('2024-01-01') to ('2025-01-01');
      create table visit (id int primary key) partition by hash (id);
      create unlogged table visit_0 partition of visit for values with (modulus 1, remainder 0);
      create table animal (id int primary key);
      create table cat (lives int, primary key (id)) inherits (animal);
      """;
  private static SourceFixture source;
  private static String reader;

  @BeforeAll
  static void start() throws SQLException {
    source = new SourceFixture(SCHEMA);
    reader = "reader_" + source.name;
    source.execute(
        "create role "
            + reader
            + " login replication; grant select (id, name) on category, secret to "
            + reader
            + "; grant select on product, secret to "
            + reader);
  }

  @AfterAll
  static void stop() throws Exception {
    source.close();
  }

  @Test
  void aConditionIsTypedByTheLiveColumns() {
    assertThat(
            problems(
                """
                  - { table: public.product, when: after.name > 5, keys: [ "c:{id}" ] }
                  - { table: public.product, when: after.state == 'gone', keys: [ "c:{id}" ] }
                  - { table: public.product, when: after.amount == 'x' && after.visible, keys: [ "c:{id}" ] }
                  - { table: public.product, when: before.day != after.uid, keys: [ "c:{id}" ] }
                """))
        .containsExactly(
            "rules[0].when: \"after.name > 5\": after.name is compared as a number, and"
                + " public.product.name is text; compare it with a text, such as after.name =="
                + " \"x\", or write number(after.name) where the text is a number",
            "rules[1].when: \"after.state == 'gone'\": public.product.state is state: state has no"
                + " label \"gone\", but \"draft\", \"live\" (at character 13)",
            "rules[2].when: \"after.amount == 'x' && after.visible\": after.amount is compared as"
                + " text, and public.product.amount is numeric(10,2); compare it with a number,"
                + " such as after.amount == 10",
            "rules[3].when: \"before.day != after.uid\": public.product.day is date and uid is uuid"
                + " (at character 12); compare like with like");
  }

  @Test
  void aConditionThatFitsIsNoProblem() {
    assertThat(
            problems(
                """
                  - table: public.product
                    when: after.amount > 9.99 && after.state == 'live' && after.visible && date(after.day) > date('2024-01-01')
                    keys: [ "c:{id}" ]
                """))
        .isEmpty();
  }

  @Test
  void aColumnOfAConditionThatDoesNotExistIsNamedWithTheNearest() {
    assertThat(
            problems(
                "  - { table: public.product, when: before.amont != after.amont, keys: [ \"c:{id}\" ] }\n"))
        .singleElement()
        .asString()
        .startsWith(
            "rules[0].when: \"before.amont != after.amont\" names no column of public.product (id,")
        .endsWith("did you mean 'amount'?");
  }

  @Test
  void whatTheLogDoesNotCarryAsTextIsRefused() {
    assertThat(
            problems(
                """
                  - { table: public.product, keys: [ "c:{tags}" ] }
                  - { table: public.product, columns: [ slug ], keys: [ "c:{id}" ] }
                """))
        .satisfiesExactly(
            problem ->
                assertThat(problem)
                    .startsWith(
                        "rules[0].keys[0]: \"c:{tags}\" reads public.product.tags of the type text[],"
                            + " whose text in the log cannot be relied on; expected numbers, text,"),
            problem ->
                assertThat(problem)
                    .isEqualTo(
                        "rules[1].columns[0]: \"slug\" reads public.product.slug, which is generated,"
                            + " and the log does not carry generated columns; read the columns that"
                            + " it is made of"));
  }

  @Test
  void aFormatIsComparedWithTheTypeOfItsColumn() {
    assertThat(
            problems(
                """
                  - { table: public.product, keys: [ "c:{id:pad:8}", "c:{uid:compact}", "c:{day:date:yyyyMMdd}", "c:{amount:trim}", "c:{name:lower}", "c:{visible:urlencode}" ] }
                  - { table: public.product, keys: [ "c:{name:pad:8}", "c:{id:date:yyyy}", "c:{name:compact}", "c:{id:upper}" ] }
                """))
        .containsExactly(
            "rules[1].keys[0]: \"c:{name:pad:8}\" has {name:pad:8}, which takes a whole number, and"
                + " public.product.name is text; take the format out or choose another",
            "rules[1].keys[1]: \"c:{id:date:yyyy}\" has {id:date:yyyy}, which takes a date or a"
                + " timestamp, and public.product.id is integer; take the format out or choose"
                + " another",
            "rules[1].keys[2]: \"c:{name:compact}\" has {name:compact}, which takes a uuid, and"
                + " public.product.name is text; take the format out or choose another",
            "rules[1].keys[3]: \"c:{id:upper}\" has {id:upper}, which takes text, and"
                + " public.product.id is integer; take the format out or choose another");
  }

  @Test
  void aJoinOfColumnsWhoseEqualValuesAreWrittenDifferentlyIsRefused() {
    assertThat(
            problems(
                """
                  - { table: public.category, through: { table: public.product, on: "category_id = id" }, keys: [ "c:{product.id}" ] }
                  - { table: public.category, through: { table: public.product, on: "name = code" }, keys: [ "c:{product.id}" ] }
                  - { table: public.category, through: { table: public.product, on: "name = id" }, keys: [ "c:{product.id}" ] }
                """))
        .containsExactly(
            "rules[2].through.on: \"name = id\" joins public.product.name, which is text, with"
                + " public.category.id, which is integer: equal values are written differently;"
                + " join columns of one type");
  }

  @Test
  void aPartitionIsNamedByItsRoot() {
    assertThat(problems("  - { table: public.event_2024, keys: [ \"c:{id}\" ] }\n"))
        .containsExactly(
            "rules[0].table: public.event_2024 is a partition of public.event, under whose name its"
                + " changes arrive; name public.event");
  }

  @Test
  void aPartitionThatIsNotLoggedIsAProblem() {
    assertThat(problems("  - { table: public.visit, keys: [ \"c:{id}\" ] }\n"))
        .containsExactly(
            "rules[0].table: partition visit_0 of public.visit is unlogged, so that its changes are"
                + " not in the log; run ALTER TABLE visit_0 SET LOGGED");
  }

  @Test
  void rowsThatPoliciesHideAreAProblemForWhoeverCannotSeeThem() {
    String rules = "  - { table: public.secret, keys: [ \"c:{id}\" ] }\n";

    assertThat(problems(rules)).isEmpty();
    assertThat(problems(config(rules, reader)))
        .containsExactly(
            "rules[0].table: row level security hides rows of public.secret from role \"%1$s\", and"
                    .formatted(reader)
                + " what is hidden when rows are read would be missed; as a superuser run ALTER"
                + " ROLE %s BYPASSRLS".formatted(reader));
  }

  @Test
  void columnsThatTheRoleMayNotSelectAreNamedWithTheGrant() {
    assertThat(
            warnings(
                config(
                    "  - { table: public.category, columns: [ name, code ], keys: [ \"c:{id}\" ] }\n",
                    reader)))
        .contains(
            "rules[0].table: role \"%1$s\" may not select code of public.category: rows from before"
                    .formatted(reader)
                + " Hearth's first start stay unknown, and a change that needs their old values"
                + " voids whole caches; the owner may run GRANT SELECT ON public.category TO "
                + reader);
  }

  @Test
  void warnsOfKeysThatCanBeNullAndOfTablesThatInherit() {
    assertThat(
            warnings(
                config(
                    """
                      - { table: public.product, keys: [ "c:{parent_id}", "c:{id}" ] }
                      - { table: public.animal, keys: [ "c:{id}" ] }
                    """,
                    SourceFixture.sandbox().postgres().user())))
        .containsExactly(
            "rules[1].table: rows of public.cat, which inherits from public.animal, are no rows of"
                + " it in the log; write rules for them too",
            "rules[0].keys[0]: public.product.parent_id can be NULL, and NULL names no key: such a"
                + " row touches none here");
  }

  private static List<String> problems(String rules) {
    return problems(config(rules, SourceFixture.sandbox().postgres().user()));
  }

  private static List<String> problems(HearthConfig config) {
    ConfigException refused =
        catchThrowableOfType(ConfigException.class, () -> SourceCheck.check(config));
    return refused == null
        ? List.of()
        : refused.problems().stream().map(Problem::toString).toList();
  }

  private static List<String> warnings(HearthConfig config) {
    return SourceCheck.check(config).stream().map(Problem::toString).toList();
  }

  private static HearthConfig config(String rules, String user) {
    return source.config(
        "caches: { c: { stores: [ redis ], key: \"c:{id}\" } }\nrules:\n" + rules,
        user,
        SourceFixture.sandbox().postgres().password());
  }
}
