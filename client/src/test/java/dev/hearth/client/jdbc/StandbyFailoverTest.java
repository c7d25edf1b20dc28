package dev.hearth.client.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.client.LoadContext;
import dev.hearth.client.Loader;
import dev.hearth.client.LoaderException;
import dev.hearth.sandbox.PostgresServer;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.ForeignPrimaryException;
import dev.hearth.store.standby.Standby;
import dev.hearth.store.standby.StandbyReads.Settings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Loads on standbys that are promoted, and on standbys of standbys that were: R14, R16. The old
 * primary lives on, as it does behind a network partition, so that one LSN means two things.
 */
class StandbyFailoverTest {
  private static final Settings IMPATIENT = new Settings(Duration.ZERO, Duration.ZERO);

  private Source source;

  @AfterAll
  static void stopServers() {
    Source.stopServers();
  }

  @BeforeEach
  void open() throws Exception {
    source = Source.open();
  }

  @AfterEach
  void close() throws Exception {
    source.close();
  }

  // R14
  @Test
  void aSessionThatSurvivedThePromotionOfItsStandbyIsNotBelieved() throws Exception {
    PostgresServer promoted = Source.sandbox().startStandby("promoted");
    Source.eventuallyReplayed(promoted, source.flushed(source.primary()));
    HikariDataSource session = source.pool(promoted);
    session.setMaximumPoolSize(1);
    Loader<String> loader = source.loader(IMPATIENT, new Standby("promoted", session));
    source.cache().get(source.key(), loader);
    int before = backend(session);
    long replayed = replayed(session);

    promoted.promote();
    Position c = source.write(source.primary(), "new");
    source.writePast(promoted, c);
    source.invalidate(c);
    source.cache().get(source.key(), loader);

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.loads("standby")).isEqualTo(1);
    assertThat(source.refusals("not_in_recovery")).isEqualTo(1);
    assertThat(backend(session)).isEqualTo(before);
    assertThat(replayed(session)).isGreaterThanOrEqualTo(replayed).isLessThan(c.lsn());
  }

  // R14
  @Test
  void believingASessionForGoodLeavesTheOldValueOnceItsStandbyIsPromoted() throws Exception {
    PostgresServer promoted = Source.sandbox().startStandby("promoted-unnoticed");
    Source.eventuallyReplayed(promoted, source.flushed(source.primary()));
    HikariDataSource session = source.pool(promoted);
    try (Connection connection = session.getConnection()) {
      assertThat(isStandby(connection)).isTrue();
    }

    promoted.promote();
    Position c = source.write(source.primary(), "new");
    source.writePast(promoted, c);
    source.invalidate(c);
    source
        .cache()
        .get(source.key(), checking(session, (connection, floor) -> hasPassed(connection, floor)));

    assertThat(source.cached()).isEqualTo("old");
  }

  // R14
  @Test
  void aPromotionBetweenCheckAndReadLeavesNothingOld() throws Exception {
    PostgresServer promoted = Source.sandbox().startStandby("promoted-meanwhile");
    Source.eventuallyReplayed(promoted, source.flushed(source.primary()));
    Standby standby = source.standby(promoted);
    Loader<String> promoting =
        source.loader(
            IMPATIENT,
            (connection, key) -> {
              promoted.promote();
              Position c = source.write(source.primary(), "new");
              source.writePast(promoted, c);
              source.invalidate(c);
              return Source.select(connection, key);
            },
            standby);

    Optional<String> overtaken = source.cache().get(source.key(), promoting);
    source.cache().get(source.key(), source.loader(IMPATIENT, standby));

    assertThat(overtaken).contains("old");
    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.refusals("not_in_recovery")).isEqualTo(1);
  }

  // R14, R16: the epoch is still the old primary's; its standby has gone over to another history.
  @Test
  void aStandbyThatFollowedAnotherServerToItsTimelineIsNotBelieved() throws Exception {
    Branch branch = followToAnotherTimeline("a");
    Position c = source.write(source.primary(), "new");
    goPast(branch, c);
    source.invalidate(c);

    source.cache().get(source.key(), source.loader(IMPATIENT, source.standby(branch.follower())));

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.refusals("foreign_history")).isEqualTo(1);
  }

  @Test
  void withoutTheTimelineItLeavesTheOldValue() throws Exception {
    Branch branch = followToAnotherTimeline("b");
    Position c = source.write(source.primary(), "new");
    goPast(branch, c);
    source.invalidate(c);

    source
        .cache()
        .get(
            source.key(),
            checking(
                source.pool(branch.follower()),
                (connection, floor) ->
                    isStandby(connection) && Source.hasReplayed(connection, floor)));

    assertThat(source.cached()).isEqualTo("old");
  }

  /** Which is why the timeline is not taken from where one would look for it first. */
  @Test
  void withTheTimelineOfTheControlFileItLeavesTheOldValueToo() throws Exception {
    Branch branch = followToAnotherTimeline("c");
    Position c = source.write(source.primary(), "new");
    goPast(branch, c);
    source.invalidate(c);

    source
        .cache()
        .get(
            source.key(),
            checking(
                source.pool(branch.follower()),
                (connection, floor) ->
                    isStandby(connection)
                        && Source.hasReplayed(connection, floor)
                        && one(connection, "select timeline_id from pg_control_checkpoint()")
                            == 1));

    assertThat(source.cached()).isEqualTo("old");
  }

  // R16: the epoch is the new primary's; a standby still follows the old one, which still answers.
  @Test
  void aStandbyOfTheOldPrimaryIsNotBelievedUnderTheNewEpoch() throws Exception {
    PostgresServer leftBehind = Source.sandbox().startStandby("left-behind");
    PostgresServer newPrimary = failOver("new-primary");
    Position c = source.write(newPrimary, "new");
    source.writePast(source.primary(), c);
    Source.eventuallyReplayed(leftBehind, c);
    source.invalidate(c);

    source
        .cache()
        .get(source.key(), source.loader(IMPATIENT, newPrimary, source.standby(leftBehind)));

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.refusals("foreign_history")).isEqualTo(1);
  }

  // R16
  @Test
  void anOldPrimaryThatStillAnswersFillsNothing() throws Exception {
    PostgresServer newPrimary = failOver("replacement");
    source.invalidate(source.write(newPrimary, "new"));

    assertThatThrownBy(() -> source.cache().get(source.key(), source.loader(IMPATIENT)))
        .isInstanceOf(LoaderException.class)
        .hasCauseInstanceOf(ForeignPrimaryException.class)
        .cause()
        .hasMessageMatching(
            "the database for loads is timeline 1 of system \\d+, but epoch 2 is bound to timeline"
                + " 2 of system \\d+; if this is an old primary that still answers, lead the data"
                + " source to the new one");

    source.cache().get(source.key(), source.loader(IMPATIENT, newPrimary));
    assertThat(source.cached()).isEqualTo("new");
  }

  @Test
  void withoutAskingThePrimaryAnOldOneLeavesTheOldValue() throws Exception {
    PostgresServer newPrimary = failOver("replacement-unnoticed");
    source.invalidate(source.write(newPrimary, "new"));

    try (HikariDataSource oldPrimary = source.pool(source.primary())) {
      source
          .cache()
          .get(
              source.key(),
              key -> {
                try (Connection connection = oldPrimary.getConnection()) {
                  return Source.select(connection, key);
                }
              });
    }

    assertThat(source.cached()).isEqualTo("old");
  }

  @Test
  void aNewPrimaryOfWhichNoEpochTellsYetServesLoads() throws Exception {
    PostgresServer newPrimary = Source.sandbox().startStandby("early");
    Source.eventuallyReplayed(newPrimary, source.flushed(source.primary()));
    newPrimary.promote();

    source.cache().get(source.key(), source.loader(IMPATIENT, newPrimary));

    assertThat(source.cached()).isEqualTo("old");
    assertThat(source.loads("primary")).isEqualTo(1);
  }

  @Test
  void aStandbyInThePrimarysPlaceFillsNothing() throws Exception {
    PostgresServer misplaced = Source.sandbox().startStandby("misplaced");

    assertThatThrownBy(() -> source.cache().get(source.key(), source.loader(IMPATIENT, misplaced)))
        .cause()
        .hasMessage(
            "the database for loads under epoch 1 is a standby; expected the primary: lead the data"
                + " source there (targetServerType=primary)");
  }

  private PostgresServer failOver(String name) throws Exception {
    PostgresServer newPrimary = Source.sandbox().startStandby(name);
    Source.eventuallyReplayed(newPrimary, source.flushed(source.primary()));
    newPrimary.promote();
    source.raiseEpoch(newPrimary);
    return newPrimary;
  }

  @Test
  void aStandbyWithoutAReceiverIsNotBelieved() throws Exception {
    PostgresServer cut = Source.sandbox().startStandby("cut-off");
    Source.eventuallyReplayed(cut, source.flushed(source.primary()));
    Source.execute(cut, "alter system set primary_conninfo = ''", "select pg_reload_conf()");
    Source.eventually("nothing is received", () -> !Source.sees(cut, "pg_stat_wal_receiver"));

    source.cache().get(source.key(), source.loader(IMPATIENT, source.standby(cut)));

    assertThat(source.refusals("no_receiver")).isEqualTo(1);
    assertThat(source.loads("primary")).isEqualTo(1);
  }

  /** A standby of a standby, on the timeline that the promotion of the latter began. */
  private Branch followToAnotherTimeline(String name) throws Exception {
    PostgresServer promoted = Source.sandbox().startStandby("branch-" + name);
    PostgresServer follower = Source.sandbox().startStandby("follower-" + name);
    follower.follow(promoted);
    // What the follower had from the primary must be on its new history too.
    Source.eventuallyReplayed(promoted, Source.received(follower));
    Source.eventuallyReplayed(promoted, source.flushed(source.primary()));
    Source.eventuallyReplayed(follower, source.flushed(source.primary()));
    promoted.promote();
    return new Branch(promoted, follower);
  }

  private record Branch(PostgresServer promoted, PostgresServer follower) {}

  private void goPast(Branch branch, Position c) throws Exception {
    source.writePast(branch.promoted(), c);
    Source.eventuallyReplayed(branch.follower(), c);
  }

  private interface Check {
    boolean holds(Connection connection, Position floor) throws Exception;
  }

  /** A loader in the shape of the one under test, with another check. */
  private static Loader<String> checking(HikariDataSource standby, Check check) {
    return new Loader<>() {
      @Override
      public Optional<String> load(String key) {
        throw new AssertionError("there is a lease");
      }

      @Override
      public Optional<String> load(String key, LoadContext context) throws Exception {
        try (Connection connection = standby.getConnection()) {
          connection.setAutoCommit(false);
          assertThat(check.holds(connection, context.floor().orElseThrow())).isTrue();
          Optional<String> read = Source.select(connection, key);
          connection.rollback();
          return read;
        }
      }
    };
  }

  private static boolean isStandby(Connection connection) throws Exception {
    return one(connection, "select pg_is_in_recovery()::int") == 1;
  }

  /** As a check does that was written for servers of both kinds. */
  private static boolean hasPassed(Connection connection, Position floor) throws Exception {
    return one(
            connection,
            "select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()"
                + " else pg_current_wal_lsn() end - '0/0'::pg_lsn")
        >= floor.lsn();
  }

  private static long one(Connection connection, String sql) throws Exception {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getBigDecimal(1).longValue();
    }
  }

  private static int backend(HikariDataSource session) throws Exception {
    try (Connection connection = session.getConnection()) {
      return (int) one(connection, "select pg_backend_pid()");
    }
  }

  private static long replayed(HikariDataSource session) throws Exception {
    try (Connection connection = session.getConnection()) {
      return one(connection, "select pg_last_wal_replay_lsn() - '0/0'::pg_lsn");
    }
  }
}
