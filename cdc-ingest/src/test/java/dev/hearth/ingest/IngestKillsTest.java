package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.position.EpochRaised;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/**
 * The stream's connection is cut again and again, in the middle of transactions. More often: {@code
 * ./mvnw -pl cdc-ingest -am test -Dtest=IngestKillsTest -Dhearth.kills=300
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class IngestKillsTest {
  private static final int KILLS = Integer.getInteger("hearth.kills", 30);

  /** Then it is left alone until everything is out: without end it would never get anywhere. */
  private static final int KILLS_IN_A_ROW = 30;

  private static final int COPY_ROWS = 1000;

  /** So that the server keeps up with what is streamed again; about 1,000 rows a second. */
  private static final long WRITE_PAUSE_NANOS = Duration.ofMillis(2).toNanos();

  private static final long COPY_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();
  private static final String SCHEMA = "create table product (id int primary key, name text)";
  private static final String RULES =
      """
      caches: { product: { stores: [ redis ], key: "product:{id}" } }
      rules: [ { table: public.product, keys: [ "product:{id}" ] } ]
      """;

  @Test
  void publishesEveryCommittedRowHoweverOftenTheStreamIsCut() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();
      AtomicInteger ids = new AtomicInteger();
      AtomicInteger published = new AtomicInteger();
      AtomicInteger epochs = new AtomicInteger();
      int committed = 0;
      int killed = 0;
      for (int kills = 0; kills < KILLS; kills += KILLS_IN_A_ROW) {
        Set<String> missing = ConcurrentHashMap.newKeySet();
        killed = killWhileWriting(source, ids, missing, killed);
        assertThat(missing).hasSizeGreaterThan(5 * COPY_ROWS);
        committed += missing.size();
        while (!missing.isEmpty()) {
          int before = missing.size();
          // However much there is to catch up with: some of it comes.
          eventually(
              () -> {
                for (ChangeRecord record : reader.next()) {
                  if (record instanceof ChangeEvent change) {
                    published.incrementAndGet();
                    missing.remove(change.after().value("id").orElse("none"));
                  } else if (record instanceof ChangeMark mark
                      && mark.mark() instanceof EpochRaised) {
                    epochs.incrementAndGet();
                  }
                }
                assertThat(missing).as("rows that were never published").hasSizeLessThan(before);
              });
        }
      }
      // A slot that is confirmed beyond the watermark would have voided every cache needlessly.
      assertThat(epochs).as("epochs raised after the birth").hasValue(0);
      System.out.println(
          "IngestKillsTest: "
              + KILLS
              + " kills, "
              + committed
              + " rows committed, "
              + published
              + " published");
    }
  }

  /** Returns the backend that was ended last. */
  private static int killWhileWriting(
      SourceFixture source, AtomicInteger ids, Set<String> committed, int killedBefore)
      throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    ExecutorService writers = Executors.newFixedThreadPool(2);
    int killed = killedBefore;
    try {
      Future<Void> copies =
          writers.submit(until(enough, copying(source, ids, committed), COPY_PAUSE_NANOS));
      Future<Void> interleaved =
          writers.submit(until(enough, interleaving(source, ids, committed), WRITE_PAUSE_NANOS));
      try (Connection killer = source.connect()) {
        for (int kill = 0; kill < KILLS_IN_A_ROW; kill++) {
          killed = kill(killer, source.name, killed);
        }
      }
      enough.set(true);
      copies.get(30, TimeUnit.SECONDS);
      interleaved.get(30, TimeUnit.SECONDS);
      return killed;
    } finally {
      enough.set(true);
      writers.shutdownNow();
    }
  }

  private interface Write {
    void once() throws Exception;
  }

  private static Callable<Void> until(AtomicBoolean enough, Write write, long pauseNanos) {
    return () -> {
      while (!enough.get()) {
        write.once();
        LockSupport.parkNanos(pauseNanos);
      }
      return null;
    };
  }

  private static Write copying(SourceFixture source, AtomicInteger ids, Set<String> committed)
      throws SQLException {
    PGConnection connection = source.connect().unwrap(PGConnection.class);
    return () -> {
      int first = ids.getAndAdd(COPY_ROWS);
      List<String> rows =
          IntStream.range(first, first + COPY_ROWS).mapToObj(Integer::toString).toList();
      String text = rows.stream().map(id -> id + "\tcopied\n").collect(Collectors.joining());
      connection.getCopyAPI().copyIn("copy product from stdin", new StringReader(text));
      committed.addAll(rows);
    };
  }

  /** Two transactions whose rows interleave; the one that began later commits first. */
  private static Write interleaving(SourceFixture source, AtomicInteger ids, Set<String> committed)
      throws SQLException {
    Connection one = source.connect();
    Connection other = source.connect();
    one.setAutoCommit(false);
    other.setAutoCommit(false);
    return () -> {
      List<String> ofOne = List.of(insert(one, ids), "" + ids.getAndIncrement());
      List<String> ofOther = List.of(insert(other, ids));
      insert(one, ofOne.get(1));
      other.commit();
      committed.addAll(ofOther);
      one.commit();
      committed.addAll(ofOne);
    };
  }

  private static String insert(Connection connection, AtomicInteger ids) throws SQLException {
    String id = Integer.toString(ids.getAndIncrement());
    insert(connection, id);
    return id;
  }

  private static void insert(Connection connection, String id) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into product values (" + id + ", 'inserted')");
    }
  }

  /** Cuts the stream once it runs again, and returns the backend that was ended. */
  private static int kill(Connection connection, String slot, int before) throws Exception {
    AtomicInteger pid = new AtomicInteger();
    try (Statement statement = connection.createStatement()) {
      eventually(
          () -> {
            try (ResultSet row =
                statement.executeQuery(
                    "select active_pid from pg_replication_slots where active_pid is not null"
                        + " and active_pid <> "
                        + before
                        + " and slot_name = '"
                        + slot
                        + "'")) {
              assertThat(row.next()).isTrue();
              pid.set(row.getInt(1));
            }
          });
      statement.execute("select pg_terminate_backend(" + pid.get() + ")");
    }
    return pid.get();
  }
}
