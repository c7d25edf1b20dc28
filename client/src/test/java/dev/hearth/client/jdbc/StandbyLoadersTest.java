package dev.hearth.client.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.client.LoadContext;
import dev.hearth.client.Loader;
import dev.hearth.client.LoaderException;
import dev.hearth.sandbox.HeldCommits;
import dev.hearth.sandbox.PostgresServer;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.Standby;
import dev.hearth.store.standby.StandbyReads.Settings;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Loads on a real standby: R3, R4, R13. Beside each protection stands what happens without it, on
 * the same servers in the same order of events.
 */
class StandbyLoadersTest {
  private static final Settings IMPATIENT = new Settings(Duration.ZERO, Duration.ZERO);
  private static final Settings PATIENT = new Settings(Duration.ofSeconds(60), Duration.ZERO);
  private static final Duration NEVER = Duration.ofHours(1);
  private static final String LOCK = "4711";

  private static PostgresServer replica;

  private Source source;
  private Standby standby;
  private HikariDataSource primary;

  @BeforeAll
  static void startServers() {
    replica = Source.sandbox().startStandby("replica");
  }

  @AfterAll
  static void stopServers() {
    Source.stopServers();
  }

  @BeforeEach
  void open() throws Exception {
    source = Source.open();
    standby = source.standby(replica);
    primary = source.pool(source.primary());
    replica.delayReplay(Duration.ZERO);
    Source.eventuallyReplayed(replica, source.flushed(source.primary()));
  }

  @AfterEach
  void close() throws Exception {
    source.close();
  }

  @Test
  void readsOnAStandbyThatHasReplayedWhatTheLeaseStandsFor() throws Exception {
    Position c = source.write(source.primary(), "new");
    source.invalidate(c);
    Source.eventuallyReplayed(replica, c);

    Optional<String> value = source.cache().get(source.key(), source.loader(IMPATIENT, standby));

    assertThat(value).contains("new");
    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.loads("standby")).isEqualTo(1);
    assertThat(source.loads("primary")).isZero();
  }

  // R3
  @Test
  void readsOnThePrimaryWhileTheStandbyIsBehind() throws Exception {
    applyAWriteThatTheStandbyDelays();

    source.cache().get(source.key(), source.loader(IMPATIENT, standby));

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.loads("primary")).isEqualTo(1);
    assertThat(source.refusals("behind")).isEqualTo(1);
  }

  @Test
  void withoutTheCheckAStandbyThatIsBehindLeavesTheOldValue() throws Exception {
    applyAWriteThatTheStandbyDelays();

    source
        .cache()
        .get(
            source.key(),
            key -> {
              try (Connection connection = standby.connections().getConnection()) {
                return Source.select(connection, key);
              }
            });

    assertThat(source.cached()).isEqualTo("old");
  }

  @Test
  void comparedWithAInsteadOfBAStandbyThatIsBehindLeavesTheOldValue() throws Exception {
    Position a = source.flushed(source.primary());
    source.invalidate(a);
    Source.eventuallyReplayed(replica, a);
    replica.delayReplay(NEVER);
    Position c = source.write(source.primary(), "new");
    source.invalidateWithoutWatermark(c);
    Loader<String> asBuilt = source.loader(IMPATIENT, standby);
    Loader<String> againstA =
        new Loader<>() {
          @Override
          public Optional<String> load(String key) {
            throw new AssertionError("there is a lease");
          }

          @Override
          public Optional<String> load(String key, LoadContext context) throws Exception {
            assertThat(context.floor()).contains(c);
            return asBuilt.load(key, LoadContext.from(a));
          }
        };

    source.cache().get(source.key(), againstA);

    assertThat(source.cached()).isEqualTo("old");
    assertThat(source.loads("standby")).isEqualTo(1);
  }

  @Test
  void comparedWithBTheSameStandbyIsNotAsked() throws Exception {
    Position a = source.flushed(source.primary());
    source.invalidate(a);
    Source.eventuallyReplayed(replica, a);
    replica.delayReplay(NEVER);
    source.invalidateWithoutWatermark(source.write(source.primary(), "new"));

    source.cache().get(source.key(), source.loader(IMPATIENT, standby));

    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.refusals("behind")).isEqualTo(1);
  }

  @Test
  void waitsForAStandbyThatCatchesUpDuringTheLoad() throws Exception {
    Position c = applyAWriteThatTheStandbyDelays();

    CompletableFuture<Optional<String>> load = inBackground(source.loader(PATIENT, standby));
    Source.eventually("the load waits", () -> isInTransaction(replica));
    catchUp(c);

    assertThat(load.get(2, TimeUnit.MINUTES)).contains("new");
    assertThat(source.cached()).isEqualTo("new");
    assertThat(source.loads("standby")).isEqualTo(1);
  }

  @Test
  void checkedInTheStatementThatReadsAStandbyThatCatchesUpLeavesTheOldValue() throws Exception {
    Position c = applyAWriteThatTheStandbyDelays();

    try (Connection holder = Source.connect(replica);
        Statement lock = holder.createStatement()) {
      lock.execute("select pg_advisory_lock(" + LOCK + ")");
      CompletableFuture<Optional<String>> load =
          inBackground(
              key -> {
                try (Connection connection = standby.connections().getConnection()) {
                  // The lock stands for whatever makes a statement slow once it has its snapshot.
                  return Source.query(
                      connection,
                      "select product.name from product, (select pg_advisory_lock("
                          + LOCK
                          + "), pg_last_wal_replay_lsn() - '0/0' as lsn offset 0) as place"
                          + " where id = ? and place.lsn >= "
                          + c.lsn(),
                      key);
                }
              });
      Source.eventually(
          "the statement has its snapshot",
          () -> Source.sees(replica, "pg_stat_activity where wait_event_type = 'Lock'"));
      catchUp(c);
      lock.execute("select pg_advisory_unlock(" + LOCK + ")");
      assertThat(load.get(2, TimeUnit.MINUTES)).contains("old");
    }

    assertThat(source.cached()).isEqualTo("old");
  }

  @Test
  void checkedAfterTheReadAStandbyThatCatchesUpLeavesTheOldValue() throws Exception {
    Position c = applyAWriteThatTheStandbyDelays();

    source
        .cache()
        .get(
            source.key(),
            key -> {
              try (Connection connection = standby.connections().getConnection()) {
                connection.setAutoCommit(false);
                Optional<String> read = Source.select(connection, key);
                catchUp(c);
                return Source.hasReplayed(connection, c) ? read : onPrimary(key);
              }
            });

    assertThat(source.cached()).isEqualTo("old");
  }

  // R13
  @Test
  void checkedUnderRepeatableReadAStandbyThatCatchesUpLeavesTheOldValue() throws Exception {
    Position c = applyAWriteThatTheStandbyDelays();

    source
        .cache()
        .get(
            source.key(),
            key -> {
              try (Connection connection = standby.connections().getConnection()) {
                connection.setAutoCommit(false);
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                while (!Source.hasReplayed(connection, c)) {
                  catchUp(c);
                }
                Optional<String> read = Source.select(connection, key);
                connection.rollback();
                return read;
              }
            });

    assertThat(source.cached()).isEqualTo("old");
  }

  // R13
  @Test
  void readsCommittedWhateverIsolationTheConnectionBrings() throws Exception {
    HikariDataSource repeatable =
        source.pool(
            replica.jdbcUrl("postgres")
                + "?options=-c%20default_transaction_isolation=repeatable%5C%20read",
            replica.user());
    try (Connection connection = repeatable.getConnection()) {
      assertThat(connection.getTransactionIsolation())
          .isEqualTo(Connection.TRANSACTION_REPEATABLE_READ);
    }
    Position c = applyAWriteThatTheStandbyDelays();

    CompletableFuture<Optional<String>> load =
        inBackground(source.loader(PATIENT, new Standby("repeatable", repeatable)));
    Source.eventually("the load waits", () -> isInTransaction(replica));
    catchUp(c);

    assertThat(load.get(2, TimeUnit.MINUTES)).contains("new");
    assertThat(source.loads("standby")).isEqualTo(1);
  }

  // R4
  @Test
  void aStandbyAheadOfThePrimaryLeavesNothingOld() throws Exception {
    source.invalidate(source.flushed(source.primary()));
    PostgresServer primaryServer = source.primary();
    try (HeldCommits held =
        HeldCommits.begin(
            primaryServer.jdbcUrl("postgres"), primaryServer.user(), primaryServer.password())) {
      CompletableFuture<Position> commit =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return source.write(source.primary(), "new");
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
      String row = "product where name = 'new' and '" + source.key() + "' = 'product:' || id";
      Source.eventually("the standby is ahead", () -> Source.sees(replica, row));
      assertThat(Source.sees(source.primary(), row)).isFalse();

      source.cache().get(source.key(), source.loader(IMPATIENT, standby));
      assertThat(source.cached()).isEqualTo("new");
      assertThat(commit).isNotDone();

      held.release();
      source.invalidate(commit.get(2, TimeUnit.MINUTES));
      source.cache().get(source.key(), source.loader(PATIENT, standby));
      assertThat(source.cached()).isEqualTo("new");
    }
  }

  @Test
  void readsOnThePrimaryUnderAnEpochThatIsNotKnown() throws Exception {
    Loader<String> loader = source.loader(IMPATIENT, standby);

    Optional<String> value = loader.load(source.key(), LoadContext.from(new Position(99, 0)));

    assertThat(value).contains("old");
    assertThat(source.refusals("unknown_epoch")).isEqualTo(1);
    assertThat(source.loads("primary")).isEqualTo(1);
  }

  @Test
  void readsOnThePrimaryWhereThereIsNoLease() throws Exception {
    source.loader(IMPATIENT, standby).load(source.key());

    assertThat(source.refusals("no_lease")).isEqualTo(1);
    assertThat(source.loads("primary")).isEqualTo(1);
  }

  @Test
  void doesNotBelieveAStandbyWhoseTimelineTheRoleMayNotSee() throws Exception {
    Source.execute(
        source.primary(),
        "drop role if exists reader",
        "create role reader login",
        "grant select on product to reader");
    Source.eventuallyReplayed(replica, source.flushed(source.primary()));
    Standby asReader = new Standby("as-reader", source.pool(replica.jdbcUrl("postgres"), "reader"));
    Loader<String> loader = source.loader(IMPATIENT, asReader);

    source.cache().get(source.key(), loader);
    Source.execute(source.primary(), "grant pg_read_all_stats to reader");
    Position c = source.write(source.primary(), "new");
    source.invalidate(c);
    Source.eventuallyReplayed(replica, c);
    source.cache().get(source.key(), loader);

    assertThat(source.refusals("no_receiver")).isEqualTo(1);
    assertThat(source.loads("standby")).isEqualTo(1);
    assertThat(source.cached()).isEqualTo("new");
  }

  @Test
  void asksAnotherStandbyAndLetsTheOneThatRefusedRest() throws Exception {
    PGSimpleDataSource nowhere = new PGSimpleDataSource();
    nowhere.setURL("jdbc:postgresql://127.0.0.1:1/postgres");
    Standby away = new Standby("away", nowhere);
    Loader<String> loader =
        source.loader(new Settings(Duration.ofSeconds(60), NEVER), away, standby);
    LoadContext now = LoadContext.from(source.flushed(source.primary()));

    for (int i = 0; i < 4; i++) {
      assertThat(loader.load(source.key(), now)).contains("old");
    }

    assertThat(source.loads("standby")).isEqualTo(4);
    assertThat(source.refusals("unreachable")).isEqualTo(1);
    assertThat(source.refusals("resting")).isEqualTo(1);
  }

  @Test
  void asksThePrimaryWhatAStandbyFailedToAnswer() throws Exception {
    Loader<String> loader =
        source.loader(
            IMPATIENT,
            (connection, key) ->
                Source.query(
                    connection,
                    "select name from product where id = ?"
                        + " and 1 / (case when pg_is_in_recovery() then 0 else 1 end) = 1",
                    key),
            standby);

    Optional<String> value = source.cache().get(source.key(), loader);

    assertThat(value).contains("old");
    assertThat(source.refusals("query_failed")).isEqualTo(1);
    assertThat(source.loads("primary")).isEqualTo(1);
  }

  @Test
  void spendsAQuerysTimeLimitOnceOnly() {
    Loader<String> loader =
        source.loader(
            PATIENT,
            (connection, key) -> {
              try (Statement statement = connection.createStatement()) {
                statement.execute("set local statement_timeout = 20");
                statement.execute("select pg_sleep(600)");
              }
              return Optional.empty();
            },
            standby);

    assertThatThrownBy(() -> source.cache().get(source.key(), loader))
        .isInstanceOf(LoaderException.class)
        .hasMessageContaining("canceling statement due to statement timeout");

    assertThat(source.loads("primary")).isZero();
    assertThat(source.refusals("query_failed")).isZero();
  }

  private Position applyAWriteThatTheStandbyDelays() throws Exception {
    replica.delayReplay(NEVER);
    Position c = source.write(source.primary(), "new");
    source.invalidate(c);
    return c;
  }

  private void catchUp(Position c) {
    replica.delayReplay(Duration.ZERO);
    Source.eventuallyReplayed(replica, c);
  }

  private Optional<String> onPrimary(String key) throws Exception {
    try (Connection connection = primary.getConnection()) {
      return Source.select(connection, key);
    }
  }

  private CompletableFuture<Optional<String>> inBackground(Loader<String> loader) {
    return CompletableFuture.supplyAsync(() -> source.cache().get(source.key(), loader));
  }

  private static boolean isInTransaction(PostgresServer server) {
    return Source.sees(server, "pg_stat_activity where state = 'idle in transaction'");
  }
}
