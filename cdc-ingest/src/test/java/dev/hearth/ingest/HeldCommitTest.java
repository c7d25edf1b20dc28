package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.HeldCommits;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Watermark;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.postgresql.replication.LogSequenceNumber;

/**
 * R2: a commit that waits for an absent standby is in the log, and is decoded, while no reader can
 * see it. Deterministic: it stays so until the server is told otherwise.
 */
class HeldCommitTest {
  private static final String SCHEMA = "create table product (id int primary key, name text)";
  private static final String RULES =
      """
      caches: { product: { stores: [ redis ], key: "product:{id}" } }
      rules: [ { table: public.product, keys: [ "product:{id}" ] } ]
      """;

  @Test
  void publishesAChangeOnlyWhenReadersCanSeeIt() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      ExecutorService writers = Executors.newSingleThreadExecutor();
      try (Connection observer = source.connect();
          HeldCommits held = source.holdCommits()) {
        CompletableFuture<Void> stuck = insertStuck(source, observer, writers);
        long commitEndsAtOrBefore = insertLsn(observer);

        try (Connection other = source.connect();
            Statement statement = other.createStatement()) {
          statement.execute("set synchronous_commit = local");
          statement.execute("insert into product values (2, 'not stuck')");
        }
        eventually(() -> assertThat(ids(reader)).contains("2"));
        Instant afterTheOther = now(observer);
        eventually(
            () ->
                assertThat(watermarks(reader))
                    .anySatisfy(
                        watermark -> assertThat(watermark.gateTime()).isAfter(afterTheOther)));

        assertThat(isVisible(observer, 1)).isFalse();
        assertThat(stuck).isNotDone();
        assertThat(ids(reader)).doesNotContain("1");
        assertThat(watermarks(reader))
            .allSatisfy(
                watermark ->
                    assertThat(watermark.position().lsn())
                        .isLessThanOrEqualTo(commitEndsAtOrBefore));

        held.release();
        stuck.get(30, TimeUnit.SECONDS);
        eventually(() -> assertThat(ids(reader)).contains("1"));
        eventually(
            () ->
                assertThat(watermarks(reader))
                    .anySatisfy(
                        watermark ->
                            assertThat(watermark.position().lsn())
                                .isGreaterThan(commitEndsAtOrBefore)));
      } finally {
        writers.shutdownNow();
      }
    }
  }

  @Test
  void withoutTheGateAChangeIsPublishedThatNobodyCanRead() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES), new Ingest.Options(false));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      ExecutorService writers = Executors.newSingleThreadExecutor();
      try (Connection observer = source.connect();
          HeldCommits held = source.holdCommits()) {

        CompletableFuture<Void> stuck = insertStuck(source, observer, writers);

        eventually(() -> assertThat(ids(reader)).contains("1"));
        assertThat(isVisible(observer, 1)).isFalse();
        assertThat(stuck).isNotDone();
      } finally {
        writers.shutdownNow();
      }
    }
  }

  /**
   * R21: a commit that is older than the slot, and that still waits for its standby when the slot
   * is there, is never decoded and becomes visible later. Until then the caches are not fresh.
   */
  @Test
  void aCommitOlderThanTheSlotVoidsTheCachesOnceItIsVisible() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA + "; create table other (id int)")) {
      // The publication is there, so that only the slot's creation waits.
      source.start(source.config(RULES)).close();
      source.awaitIdleSlot();
      source.execute("select pg_drop_replication_slot('" + source.name + "')");
      ExecutorService writers = Executors.newFixedThreadPool(2);
      try (Connection observer = source.connect();
          Connection older = transaction(source);
          Connection younger = transaction(source);
          HeldCommits held = source.holdCommits()) {
        String olderXid = write(older);
        SourceFixture.Reader reader = source.reader();
        reader.readToEnd();
        int marksBefore = epochs(reader).size();
        CompletableFuture<Void> start =
            CompletableFuture.runAsync(
                () -> {
                  try {
                    source.start(source.config(RULES));
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                },
                writers);
        awaitSlotCreationWaitingFor(observer, olderXid);
        String youngerXid = write(younger);
        older.rollback();
        awaitSlotCreationWaitingFor(observer, youngerXid);
        CompletableFuture<Void> stuck = insertStuck(source, observer, writers);
        younger.rollback();
        start.get(30, TimeUnit.SECONDS);

        eventually(() -> assertThat(epochs(reader)).hasSize(marksBefore + 1));
        Instant afterTheBirth = now(observer);
        eventually(
            () ->
                assertThat(watermarks(reader))
                    .anySatisfy(mark -> assertThat(mark.gateTime()).isAfter(afterTheBirth)));
        assertThat(isVisible(observer, 1)).isFalse();
        assertThat(epochs(reader)).hasSize(marksBefore + 1);
        assertThat(epochs(reader).get(marksBefore).settled()).isFalse();

        held.release();
        stuck.get(30, TimeUnit.SECONDS);
        eventually(() -> assertThat(epochs(reader)).hasSize(marksBefore + 2));
        assertThat(epochs(reader).get(marksBefore + 1).settled()).isTrue();
        source.execute("insert into product values (2, 'decoded')");
        eventually(() -> assertThat(ids(reader)).contains("2"));
        assertThat(ids(reader)).as("the older commit is never decoded").doesNotContain("1");
      } finally {
        writers.shutdownNow();
      }
    }
  }

  /**
   * A first start makes the publication; the engine and the gate ask for ids of their transactions.
   * Where such a one has written to the log, as one does that cleans up a page of the catalog, its
   * commit waits for a standby, too.
   */
  @Test
  void noCommitOfTheIngestsOwnWaitsForTheStandby() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.execute(
          "create schema writing;"
              + " create function writing.pg_current_xact_id() returns xid8 language sql as"
              + " $$ select pg_logical_emit_message(false, 'writing', '');"
              + " select pg_catalog.pg_current_xact_id() $$;"
              + " do $$ begin execute 'alter database ' || current_database()"
              + " || ' set search_path = writing, pg_catalog, public'; end $$");
      try (Connection observer = source.connect();
          HeldCommits held = source.holdCommits()) {
        Instant begun = now(observer);
        SourceFixture.Reader reader = source.reader();
        source.start(source.config(RULES));

        eventually(
            () ->
                assertThat(watermarks(reader))
                    .anySatisfy(mark -> assertThat(mark.gateTime()).isAfter(begun)));
      }
    }
  }

  private static Connection transaction(SourceFixture source) throws SQLException {
    Connection connection = source.connect();
    connection.setAutoCommit(false);
    return connection;
  }

  /** Writes something, and returns the transaction's id. */
  private static String write(Connection transaction) throws SQLException {
    execute(transaction, "insert into other values (1)");
    return one(transaction, "select pg_current_xact_id()::text");
  }

  private static void awaitSlotCreationWaitingFor(Connection observer, String xid)
      throws Exception {
    eventually(
        () ->
            assertThat(
                    one(
                        observer,
                        "select count(*)::text from pg_locks l join pg_stat_activity a"
                            + " on a.pid = l.pid where not l.granted and l.locktype ="
                            + " 'transactionid' and l.transactionid::text = '"
                            + xid
                            + "' and a.query like '%create%slot%'"))
                .isEqualTo("1"));
  }

  private static List<EpochRaised> epochs(SourceFixture.Reader reader) {
    return reader.marks().stream()
        .filter(EpochRaised.class::isInstance)
        .map(EpochRaised.class::cast)
        .toList();
  }

  /** Inserts product 1 in a commit that does not return, and waits until it is in the log. */
  private static CompletableFuture<Void> insertStuck(
      SourceFixture source, Connection observer, ExecutorService writers) throws Exception {
    Connection writer = source.connect();
    String pid = one(writer, "select pg_backend_pid()::text");
    CompletableFuture<Void> stuck =
        CompletableFuture.runAsync(
            () -> {
              try (Statement statement = writer.createStatement()) {
                statement.execute("insert into product values (1, 'stuck')");
              } catch (SQLException e) {
                throw new IllegalStateException(e);
              }
            },
            writers);
    eventually(
        () ->
            assertThat(
                    one(
                        observer,
                        "select coalesce(wait_event, '') from pg_stat_activity where pid = " + pid))
                .isEqualTo("SyncRep"));
    return stuck;
  }

  private static long insertLsn(Connection connection) throws SQLException {
    return LogSequenceNumber.valueOf(one(connection, "select pg_current_wal_insert_lsn()::text"))
        .asLong();
  }

  private static Instant now(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select clock_timestamp()")) {
      row.next();
      return row.getObject(1, OffsetDateTime.class).toInstant();
    }
  }

  private static boolean isVisible(Connection connection, int id) throws SQLException {
    return one(connection, "select count(*)::text from product where id = " + id).equals("1");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String one(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static List<String> ids(SourceFixture.Reader reader) {
    return reader.changes().stream()
        .map(ChangeEvent::after)
        .map(row -> row.value("id").orElse("none"))
        .toList();
  }

  private static List<Watermark> watermarks(SourceFixture.Reader reader) {
    return reader.marks().stream()
        .filter(Watermark.class::isInstance)
        .map(Watermark.class::cast)
        .toList();
  }
}
