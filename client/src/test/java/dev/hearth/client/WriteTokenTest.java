package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.PostgresServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.History;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteTokenTest {
  private static Sandbox sandbox;

  @BeforeAll
  static void startPostgres() throws SQLException {
    sandbox = Sandbox.builder().servers(Server.POSTGRES).start();
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("create table note (id int primary key)");
      statement.execute("create role plain login");
      statement.execute("grant insert on note to plain");
    }
  }

  @AfterAll
  static void stopPostgres() {
    sandbox.close();
  }

  @Test
  void liesAtOrBehindTheCommitOfAnOrdinaryRole() throws SQLException {
    try (Connection connection = connect("plain");
        Connection admin = connect("postgres")) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("insert into note values (1)");
      }
      connection.commit();

      WriteToken token = WriteToken.after(connection);

      assertThat(token.timeline()).isEqualTo(1);
      assertThat(token.systemIdentifier())
          .isEqualTo(text(admin, "select system_identifier::text from pg_control_system()"));
      long flushed =
          Long.parseLong(
              text(admin, "select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint::text"));
      assertThat(token.lsn()).isBetween(flushed - (1L << 24), flushed);
      WriteToken next = nextAfterAnInsert(connection);
      assertThat(next.lsn()).isGreaterThan(token.lsn());
    }
  }

  private static WriteToken nextAfterAnInsert(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into note values (2)");
    }
    connection.commit();
    return WriteToken.after(connection);
  }

  @Test
  void isRefusedBeforeTheCommitThatItIsToCover() throws SQLException {
    try (Connection connection = connect("plain")) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("insert into note values (3)");
      }

      assertThatThrownBy(() -> WriteToken.after(connection))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the connection's transaction has written and is not over; take the token after"
                  + " COMMIT");
    }
  }

  @Test
  void comesBackFromItsText() {
    for (WriteToken token :
        new WriteToken[] {
          new WriteToken("7312034890921316401", 1, 0x16B3748),
          new WriteToken("18446744073709551615", 999_999_999, -1),
          new WriteToken("0", 1, 0)
        }) {
      assertThat(WriteToken.decode(token.encode())).isEqualTo(token);
      assertThat(token.encode()).matches("[0-9A-Fh.]{1,50}");
    }
    assertThat(new WriteToken("7312034890921316401", 1, 0x16B3748).encode())
        .isEqualTo("h1.7312034890921316401.1.16B3748");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "h1",
        "h2.7.1.A",
        "h1.7.0.A",
        "h1.7.1.a",
        "h1.7.1.",
        "h1.7.-1.A",
        "h1.7.1.A\n",
        " h1.7.1.A",
        "h1.7.1.11112222333344445",
        "h1.x.1.A"
      })
  void refusesATextThatItDidNotMake(String text) {
    assertThatThrownBy(() -> WriteToken.decode(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "\""
                + text.replace('\n', '?')
                + "\" is no write token; expected h1.SYSTEM_IDENTIFIER.TIMELINE.LSN such as"
                + " h1.7312034890921316401.1.16B3748, as WriteToken.encode() makes it. Read"
                + " without a token instead");
  }

  @Test
  void showsOnlyTheBeginningOfAVeryLongText() {
    assertThatThrownBy(() -> WriteToken.decode("x".repeat(100_000)))
        .hasMessageStartingWith("\"" + "x".repeat(80) + "...\" is no write token");
  }

  @Test
  void comparesLsnsAsUnsignedNumbers() {
    History history = new History("7", 1);

    assertThat(new WriteToken("7", 1, 5).isReached(history, -1)).isTrue();
    assertThat(new WriteToken("7", 1, -1).isReached(history, 5)).isFalse();
  }

  private static Connection connect(String user) throws SQLException {
    PostgresServer postgres = sandbox.postgres();
    return DriverManager.getConnection(postgres.jdbcUrl("postgres"), user, postgres.password());
  }

  private static String text(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }
}
