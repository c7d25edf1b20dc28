package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitCommandTest {
  private static Sandbox servers;

  @BeforeAll
  static void startServers() throws SQLException {
    servers = Sandbox.builder().servers(Server.POSTGRES).start();
    servers.postgres().createDatabase("library");
    execute(
        """
        create schema "Odd";
        create table author (id bigint primary key, name text);
        create table book_title (isbn text primary key, author_id bigint references author, "order" int);
        create table copy (isbn text references book_title, number int, primary key (isbn, number));
        create table loan (id int primary key, isbn text, number int,
                           foreign key (isbn, number) references copy (isbn, number));
        create table note (text text);
        create table person (id int primary key, chief int references person);
        create table "Odd".author ("Id" int primary key);
        create table visit (day date, id int, primary key (day, id)) partition by range (day);
        create table visit_2026 partition of visit for values from ('2026-01-01') to ('2027-01-01');
        """);
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  private static String url() {
    return servers.postgres().jdbcUrl("library");
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                url(), servers.postgres().user(), servers.postgres().password());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void whatItWritesIsAConfigurationThatFitsTheSchema(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("hearth.yaml");

    Ran ran = run("init", "--jdbc", url(), "--user", servers.postgres().user(), "--out", file + "");

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out()).contains("hearth validate --config " + file);
    assertThat(Files.readString(file))
        .contains("key: \"public-author:{id}\"", "key: \"copy:{isbn}:{number}\"")
        .contains("keys: [ \"book-title:{isbn}\", \"public-author:{author_id}\" ]")
        .contains("keys: [ \"loan:{id}\", \"copy:{isbn}:{number}\" ]")
        .contains("public.note has no primary key")
        .doesNotContain("visit_2026");
    Ran validated = run(withoutPassword("validate", "--config", file.toString()));
    assertThat(validated.err()).isEmpty();
    assertThat(validated.status()).isZero();
    String joined =
        Files.readString(file).replaceAll("(?m)^  # (- table| {2}through| {2}keys)", "  $1");
    assertThat(joined)
        .contains(
            """
              # If an entry of book-title shows something of its author:
              - table: "public.author"
                through: { table: "public.book_title", on: "author_id = id" }
                keys: [ "book-title:{book_title.isbn}" ]
            """)
        .contains("through: { table: \"public.person\", on: \"chief = id\", as: child }");
    Files.writeString(file, joined);
    Ran withJoins = run(withoutPassword("validate", "--config", file.toString()));
    assertThat(withJoins.err()).isEmpty();
    assertThat(withJoins.status()).isZero();
  }

  /** The sandbox trusts whoever comes; a password from the environment is not at hand in a test. */
  private static String[] withoutPassword(String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--set";
    all[arguments.length + 1] = "source.postgres.password=" + servers.postgres().password();
    return all;
  }

  @Test
  void aFileThatIsThereIsNotOverwritten(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("hearth.yaml"), "mine");

    Ran ran = run("init", "--jdbc", url(), "--user", servers.postgres().user(), "--out", file + "");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains(file + " is there already and stays as it is");
    assertThat(Files.readString(file)).isEqualTo("mine");
  }

  @Test
  void whatTheOwnerRunsIsAccepted() throws Exception {
    Ran ran = run("init", "--sql", "--jdbc", url(), "--user", servers.postgres().user());

    assertThat(ran.status()).isZero();
    String script =
        ran.out()
            .replace(
                "CREATE ROLE " + servers.postgres().user() + " LOGIN",
                "CREATE ROLE owner_made LOGIN")
            .lines()
            .filter(line -> !line.startsWith("--") && !line.startsWith("ALTER SYSTEM"))
            .reduce("", (text, line) -> text + line + "\n");
    for (String statement : script.split(";")) {
      execute(statement);
    }
    execute("select pg_drop_replication_slot('hearth')");
    execute("drop publication hearth");
  }

  @Test
  void withoutADatabaseItSaysWhatItWants() {
    Ran ran = run("init");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("--jdbc URL");
  }

  @Test
  void aDatabaseThatDoesNotAnswerIsNamed() {
    Ran ran = run("init", "--jdbc", "jdbc:postgresql://127.0.0.1:1/none");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("jdbc:postgresql://127.0.0.1:1/none cannot be read as");
  }
}
