package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.sandbox.PostgresServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a start refuses, in which words, and that it leaves nothing behind. */
class SourceErrorsTest {
  private static final String SCHEMA = "create table category (id int primary key, name text)";
  private static final String CACHES =
      "caches: { category: { stores: [ redis ], key: \"category:{id}\" } }\n";
  private static final String RULES =
      CACHES + "rules: [ { table: public.category, keys: [ \"category:{id}\" ] } ]\n";

  @Test
  void anAddressWhereNothingAnswersIsToldApartFromOneThatIsNotKnown() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String closed = "jdbc:postgresql://127.0.0.1:1/" + source.name;
      String unknown = "jdbc:postgresql://db.invalid:5432/" + source.name;

      assertThat(refusal(source, source.config(RULES, closed, "postgres", "x")))
          .startsWith("source.postgres.url: " + closed + ": no PostgreSQL answers there (")
          .contains("127.0.0.1:1 refused")
          .endsWith("; check host and port, and that the server accepts TCP connections");
      assertThat(refusal(source, source.config(RULES, unknown, "postgres", "x")))
          .startsWith("source.postgres.url: " + unknown + ": no PostgreSQL answers there (")
          .endsWith("; check host and port, and that the server accepts TCP connections");

      assertNothingWasLeft(source);
    }
  }

  @Test
  void aColumnWhoseTextCannotBeReliedOnIsRefusedWithItsType() throws Exception {
    try (SourceFixture source =
        new SourceFixture("create table category (id int primary key, name text[])")) {
      HearthConfig config =
          source.config(
              CACHES
                  + "rules: [ { table: public.category, columns: [ name ],"
                  + " keys: [ \"category:{id}\" ] } ]\n");

      assertThatThrownBy(() -> source.start(config))
          .isInstanceOfSatisfying(
              ConfigException.class,
              refused ->
                  assertThat(refused.problems())
                      .containsExactly(
                          new Problem(
                              "rules[0].columns[0]",
                              "\"name\" reads public.category.name of the type text[], whose text"
                                  + " in the log cannot be relied on; expected numbers, text,"
                                  + " boolean, uuid, bytea, date, time, timestamp, timestamptz,"
                                  + " json, xml, inet, cidr, macaddr, enums, and domains of"
                                  + " these")));
    }
  }

  @Test
  void severalHostsAreRefusedBecauseItMustBeThePrimary() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String url = "jdbc:postgresql://one:5432,two:5432/" + source.name;

      assertThat(refusal(source, source.config(RULES, url, "postgres", "x")))
          .isEqualTo(
              "source.postgres.url: %s names several hosts; name the primary, or one address that"
                  + " follows it",
              url);
    }
  }

  @Test
  void aDatabaseThatDoesNotExistIsNamed() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String url = SourceFixture.sandbox().postgres().jdbcUrl("no_shop");

      assertThat(refusal(source, source.config(RULES, url, "postgres", "x")))
          .isEqualTo(
              "source.postgres.url: %s: there is no such database (FATAL: database \"no_shop\" does"
                  + " not exist); correct the end of the URL",
              url);
    }
  }

  @Test
  void aWrongPasswordIsSaidToBeOne() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String role = "guarded_" + source.name;
      source.execute("create role " + role + " login replication password 'secret'");
      Path rules = Path.of(one(source, "show hba_file"));
      String before = Files.readString(rules);
      try {
        // In place, so that the file stays the server's own.
        Files.writeString(rules, "host all " + role + " 127.0.0.1/32 scram-sha-256\n" + before);
        source.execute("select pg_reload_conf()");

        eventually(
            () ->
                assertThat(refusal(source, source.config(RULES, role, "wrong")))
                    .isEqualTo(
                        "source.postgres.user: the server refuses user \"%1$s\" (FATAL: password"
                            + " authentication failed for user \"%1$s\"); check user, password and"
                            + " pg_hba.conf",
                        role));
      } finally {
        Files.writeString(rules, before);
        source.execute("select pg_reload_conf()");
      }
      assertNothingWasLeft(source);
    }
  }

  @Test
  void aServerWithoutLogicalDecodingIsToldHowToTurnItOn() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA);
        Sandbox other = Sandbox.builder().servers(Server.POSTGRES).start()) {
      PostgresServer server = other.postgres();
      server.createDatabase(source.name);
      try (Connection connection =
              DriverManager.getConnection(
                  server.jdbcUrl(source.name), server.user(), server.password());
          Statement statement = connection.createStatement()) {
        statement.execute(SCHEMA);
        statement.execute("alter system set wal_level = replica");
      }
      server.stop();
      server.start();

      assertThat(
              refusal(
                  source,
                  source.config(
                      RULES, server.jdbcUrl(source.name), server.user(), server.password())))
          .isEqualTo(
              "source.postgres.url: wal_level is replica, logical decoding needs logical; as a"
                  + " superuser run ALTER SYSTEM SET wal_level = logical and restart PostgreSQL");
    }
  }

  @Test
  void aColumnThatDoesNotExistIsNamedWithItsPlaceAndTheNearestOne() throws Exception {
    String schema =
        SCHEMA
            + "; create table product (id int primary key, category_id int);"
            + " create table price (id int primary key)";
    String rules =
        CACHES
            + """
            rules:
              - { table: public.category, keys: [ "category:{id}" ] }
              - { table: public.price, keys: [ "category:{id}" ] }
              - { table: public.product, keys: [ "product:{idd}", "category:{category_id}" ] }
            """;
    try (SourceFixture source = new SourceFixture(schema)) {
      assertThat(refusal(source, source.config(rules.replace("product:{", "category:{"))))
          .isEqualTo(
              "rules[2].keys[0]: \"category:{idd}\" names no column of public.product (id,"
                  + " category_id); did you mean 'id'?");

      assertNothingWasLeft(source);
    }
  }

  @Test
  void aTableWhoseChangesPostgresqlWouldRefuseOncePublishedIsNotPublished() throws Exception {
    try (SourceFixture source = new SourceFixture("create table category (id int, name text)")) {
      assertThat(refusal(source, source.config(RULES)))
          .isEqualTo(
              "rules[0].table: public.category has no primary key and no other replica identity, so"
                  + " that PostgreSQL would refuse each UPDATE and DELETE of it once it is"
                  + " published; add a primary key or run ALTER TABLE public.category REPLICA"
                  + " IDENTITY FULL");

      assertNothingWasLeft(source);
    }
  }

  @Test
  void aPublicationThatLeavesOutRowsIsRefused() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.execute(
          "create publication "
              + source.name
              + " for table category where (id > 10) with (publish_via_partition_root = true)");

      assertThat(refusal(source, source.config(RULES)))
          .isEqualTo(
              "source.postgres: publication \"%1$s\" leaves out rows or columns of public.category;"
                  + " the owner of the tables may run: ALTER PUBLICATION \"%1$s\" DROP TABLE"
                  + " \"public\".\"category\"; ALTER PUBLICATION \"%1$s\" ADD TABLE"
                  + " \"public\".\"category\"",
              source.name);
    }
  }

  @Test
  void aRoleThatMayNotReplicateIsToldWhatToRun() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String role = "reader_" + source.name;
      source.execute("create role " + role + " login password 'secret'");

      assertThatThrownBy(() -> source.start(source.config(RULES, role, "secret")))
          .isInstanceOf(StartupException.class)
          .hasMessage(
              "source.postgres.user: role \"%1$s\" may not replicate; as a superuser run ALTER ROLE"
                  + " \"%1$s\" REPLICATION",
              role);

      assertNothingWasLeft(source);
    }
  }

  @Test
  void aRoleThatMayNotPublishIsGivenTheStatementForTheOwner() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String role = "replicator_" + source.name;
      source.execute("create role " + role + " login replication password 'secret'");

      assertThatThrownBy(() -> source.start(source.config(RULES, role, "secret")))
          .isInstanceOf(StartupException.class)
          .hasMessage(
              "source.postgres: role \"%1$s\" may not create publication \"%2$s\" (ERROR: permission"
                  + " denied for database %2$s); the owner of the tables may run: CREATE PUBLICATION"
                  + " \"%2$s\" FOR TABLE \"public\".\"category\" WITH (publish = 'insert, update,"
                  + " delete, truncate', publish_via_partition_root = true)",
              role, source.name);

      assertNothingWasLeft(source);
    }
  }

  @Test
  void thePublicationIsTakenBackWhenTheSlotBelongsToAnotherDatabase() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String url = SourceFixture.sandbox().postgres().jdbcUrl("postgres");
      try (Connection elsewhere =
              DriverManager.getConnection(
                  url,
                  SourceFixture.sandbox().postgres().user(),
                  SourceFixture.sandbox().postgres().password());
          Statement statement = elsewhere.createStatement()) {
        statement.execute(
            "select pg_create_logical_replication_slot('" + source.name + "', 'pgoutput')");

        assertThatThrownBy(() -> source.start(source.config(RULES)))
            .isInstanceOf(StartupException.class)
            .hasMessage(
                "source.postgres.slot: slot \"%s\" belongs to another database or plugin; choose"
                    + " another name",
                source.name);

        statement.execute("select pg_drop_replication_slot('" + source.name + "')");
      }
      assertNothingWasLeft(source);
    }
  }

  @Test
  void aMistakeInATableThatTwoRulesNameIsReportedOnce() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String rules =
          CACHES
              + """
              rules:
                - { table: public.category, keys: [ "category:{idd}" ] }
                - { table: public.category, columns: [ name ], keys: [ "category:{id}" ] }
                - { table: public.categori, keys: [ "category:{id}" ] }
                - { table: public.categori, keys: [ "category:{id}" ] }
              """;

      assertThatThrownBy(() -> source.start(source.config(rules)))
          .isInstanceOfSatisfying(
              ConfigException.class,
              refused ->
                  assertThat(refused.problems())
                      .extracting(Problem::toString)
                      .containsExactly(
                          "rules[0].keys[0]: \"category:{idd}\" names no column of public.category"
                              + " (id, name); did you mean 'id'?",
                          "rules[2].table: there is no table public.categori; did you mean"
                              + " 'public.category'?"));

      assertNothingWasLeft(source);
    }
  }

  @Test
  void aCostOfATableThatTwoRulesNameIsReportedOnce() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String rules =
          CACHES
              + """
              rules:
                - { table: public.category, keys: [ "category:{id}" ] }
                - { table: public.category, columns: [ name ], keys: [ "category:{id}" ] }
              """;

      assertThat(SourceCheck.check(source.config(rules)))
          .extracting(Problem::toString)
          .containsExactly(
              "rules[1].columns[0]: \"name\" reads public.category.name, whose old value is not in the"
                  + " log: Hearth keeps it for each row, on disk, and reads all rows once; until it"
                  + " has, an update or delete of a row that it does not know counts as a change of"
                  + " it; to have it in the log instead run ALTER TABLE public.category REPLICA"
                  + " IDENTITY FULL");
    }
  }

  /** What a start says when it fails, within 15 seconds. */
  private static String refusal(SourceFixture source, HearthConfig config) {
    long began = System.nanoTime();
    Throwable thrown = catchThrowable(() -> source.start(config));
    assertThat(thrown).isInstanceOfAny(StartupException.class, ConfigException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
    return String.valueOf(thrown.getMessage());
  }

  private static String one(SourceFixture source, String sql) throws SQLException {
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static void assertNothingWasLeft(SourceFixture source) throws SQLException {
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select (select count(*) from pg_publication),"
                    + " (select count(*) from pg_replication_slots where slot_name = '"
                    + source.name
                    + "')")) {
      row.next();
      assertThat(row.getInt(1)).as("publications").isZero();
      assertThat(row.getInt(2)).as("slots").isZero();
    }
  }
}
