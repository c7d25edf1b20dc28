package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Physical standbys of a real PostgreSQL. */
final class StandbyTest {
  private static final Sandbox sandbox = Sandbox.builder().servers(Server.POSTGRES).start();

  @AfterAll
  static void close() {
    sandbox.close();

    assertThat(sandbox.dataDirectory()).doesNotExist();
  }

  @Test
  void streamsDelaysAndIsPromotedAndAnotherFollowsItToItsTimeline() throws Exception {
    PostgresServer primary = sandbox.postgres();
    Clients.execute(primary, "CREATE TABLE streamed AS SELECT 1 AS id");
    PostgresServer first = sandbox.startStandby("first");
    PostgresServer second = sandbox.startStandby("second");
    assertThat(Clients.query(first, "SELECT pg_is_in_recovery()")).containsExactly("t");
    Clients.execute(primary, "INSERT INTO streamed VALUES (2)");
    eventuallyHas(first, "1", "2");

    second.follow(first);
    first.delayReplay(Duration.ofHours(1));
    Clients.execute(primary, "INSERT INTO streamed VALUES (3)");
    eventuallyHas(second, "1", "2", "3");
    assertThat(Clients.query(first, "SELECT id FROM streamed")).containsExactly("1", "2");
    first.delayReplay(Duration.ZERO);
    eventuallyHas(first, "1", "2", "3");

    first.promote();
    Clients.execute(first, "INSERT INTO streamed VALUES (4)");
    eventuallyHas(second, "1", "2", "3", "4");
    assertThat(Clients.query(primary, "SELECT id FROM streamed")).containsExactly("1", "2", "3");
    assertThat(Clients.query(second, "SELECT received_tli FROM pg_stat_wal_receiver"))
        .containsExactly("2");

    second.kill();
    Clients.execute(first, "INSERT INTO streamed VALUES (5)");
    second.start();
    eventuallyHas(second, "1", "2", "3", "4", "5");
  }

  @Test
  void refusesANameThatNoSlotCanHave() {
    assertThatThrownBy(() -> sandbox.startStandby("Replica_1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The standby's name is \"Replica_1\"; expected 1 to 41 lower-case letters, digits and"
                + " dashes.");
  }

  @Test
  void saysThatAPrimaryCannotBePromoted() {
    assertThatThrownBy(() -> sandbox.postgres().promote())
        .isInstanceOf(SandboxException.class)
        .hasMessageStartingWith("PostgreSQL \"postgres\" did not promote \"postgres\": ")
        .hasMessageContaining("recovery is not in progress");
  }

  @Test
  void theListOfProcessesNamesStandbys() throws Exception {
    PostgresServer standby = sandbox.startStandby("listed");

    assertThat(Files.readString(sandbox.dataDirectory().resolve("processes")))
        .contains(Path.of("postgres-listed", "data") + " -p " + standby.port());
  }

  private static void eventuallyHas(PostgresServer server, String... ids) {
    Eventually.eventually(
        server.name() + " has " + List.of(ids),
        () -> {
          try {
            return Clients.query(server, "SELECT id FROM streamed ORDER BY id")
                .equals(List.of(ids));
          } catch (SQLException e) {
            throw new IllegalStateException(e);
          }
        });
  }
}
