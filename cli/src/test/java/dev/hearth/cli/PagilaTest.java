package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A configuration for a well-known schema, against a real PostgreSQL. */
class PagilaTest {
  private static Sandbox servers;

  @BeforeAll
  static void startServers() throws SQLException, IOException {
    servers = Sandbox.builder().servers(Server.POSTGRES).start();
    servers.postgres().createDatabase("pagila");
    try (Connection connection =
            DriverManager.getConnection(
                url(), servers.postgres().user(), servers.postgres().password());
        Statement statement = connection.createStatement()) {
      statement.execute(resource("schema.sql"));
    }
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  @Test
  void hasNoProblems(@TempDir Path directory) throws Exception {
    Ran ran = validated(directory, resource("hearth.yaml"));

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .contains("is fine: 9 caches, 18 rules, 1 store")
        .contains("rules[1].keys[0]: public.film.rating can be NULL, and NULL names no key");
  }

  @Test
  void mistakesInItAreNamedTogether(@TempDir Path directory) throws Exception {
    String yaml =
        resource("hearth.yaml")
            .replace("when: after.amount > 0", "when: after.amount > '0'")
            .replace("table: public.payment ", "table: public.payment_p2022_01 ")
            .replace("before.return_date != after.return_date", "before.returned != after.returned")
            .replace("[ address, city_id ]", "[ adress, city_id ]")
            .replace("(:customer_id)", "(:customer)")
            .replace("columns: [ city, country_id ]", "columns: [ city ], when: after.city < 'M'")
            .replace("    columns: [ city ], when:", "    columns: [ city ]\n    when:")
            .replace("columns: [ title, description,", "columns: [ title, special_features,");

    Ran ran = validated(directory, yaml);

    assertThat(ran.status()).isEqualTo(2);
    List<String> lines = ran.err().lines().toList();
    assertThat(lines)
        .extracting(line -> line.contains(": ") ? line.substring(0, line.indexOf(": ")) : line)
        .containsExactly(
            "caches.customer.load",
            "rules[0].columns[1]",
            "rules[10].columns[0]",
            "rules[11].when",
            "rules[13].when",
            "rules[15].table",
            "rules[15].when",
            "7 problems; nothing was started.");
  }

  private static Ran validated(Path directory, String yaml) throws Exception {
    Path file = directory.resolve("hearth.yaml");
    Files.writeString(
        file, yaml.replace("\"URL\"", '"' + url() + '"').replace("DATA", directory + "/data"));
    return run("validate", "--config", file.toString());
  }

  private static String url() {
    return servers.postgres().jdbcUrl("pagila");
  }

  private static String resource(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(PagilaTest.class.getResourceAsStream("pagila/" + name))) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
