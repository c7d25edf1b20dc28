package dev.hearth.store.standby;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads for fills, on a standby where that is as good as on the primary, and else on the primary.
 * Thread-safe; blocks. Owns nothing: whoever opened the connections and the histories closes them.
 *
 * <p>A fill under a lease must see every transaction whose invalidation was applied before the
 * lease was granted. On the primary every snapshot does. On a standby it does once everything up to
 * the lease's B is replayed there. That is found out by an <em>earlier statement of the same READ
 * COMMITTED transaction</em>, for each word matters:
 *
 * <ul>
 *   <li>In the same statement, the snapshot is older than the position that the statement reads.
 *       After the read, it is older still. Under REPEATABLE READ both statements share the older
 *       snapshot.
 *   <li>In another transaction, a pooler or a driver may ask another server.
 *   <li>Of another timeline, the position counts other bytes. A promotion between the two
 *       statements does no harm: what was replayed stays seen.
 * </ul>
 */
public final class StandbyReads {
  private static final Logger log = LoggerFactory.getLogger(StandbyReads.class);
  private static final String BEGIN = "set transaction isolation level read committed, read only";
  private static final String QUERY_CANCELED = "57014";
  private static final int REST_FACTOR = 10;
  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(8);

  private final DataSource primary;
  private final List<Asked> standbys;
  private final EpochHistories histories;
  private final Settings settings;
  private final AtomicInteger turn = new AtomicInteger();

  /**
   * How long to try.
   *
   * @param patience how long one load may wait, in all, for standbys to replay; zero to 1 minute,
   *     well below the lease time of the store
   * @param rest how long a standby that was behind is not asked; ten times as long where another
   *     reason is not over so soon, and may cost a connection timeout to find out; zero to 1 hour
   */
  public record Settings(Duration patience, Duration rest) {
    public Settings {
      require("patience", patience, Duration.ofMinutes(1));
      require("rest", rest, Duration.ofHours(1));
    }

    /**
     * 20 ms, some times the replay lag of an idle standby in the same place, and 1 s: a standby
     * that is far behind then costs about one load a second its patience.
     */
    public static Settings defaults() {
      return new Settings(Duration.ofMillis(20), Duration.ofSeconds(1));
    }

    private static void require(String name, Duration value, Duration most) {
      if (value.isNegative() || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            name + " is " + value + "; expected zero to " + most.toSeconds() + " seconds");
      }
    }
  }

  /**
   * Reads a value; may be called twice, with connections to different servers. It neither ends the
   * transaction nor changes its isolation.
   *
   * @param <T> what it reads
   */
  @FunctionalInterface
  public interface Query<T> {
    T run(Connection connection) throws Exception;
  }

  /** Where a value was read. */
  public enum From {
    STANDBY,
    PRIMARY;

    /** The value of the metric's label. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What was read.
   *
   * @param refusals of the standbys that were passed over, in order
   */
  public record Read<T>(T value, From from, List<Refusal> refusals) {
    public Read {
      refusals = List.copyOf(refusals);
    }
  }

  private sealed interface Attempt<T> {
    record Done<T>(T value) implements Attempt<T> {}

    record Refused<T>(Refusal why) implements Attempt<T> {}

    /** The query's own fault: the primary would say the same. */
    record Failed<T>(Exception why) implements Attempt<T> {}
  }

  /**
   * @param primary used in autocommit as it comes, and only where no standby answers
   * @param standbys asked in turn; may be empty
   */
  public StandbyReads(
      DataSource primary, List<Standby> standbys, EpochHistories histories, Settings settings) {
    this.primary = primary;
    this.standbys = standbys.stream().map(Asked::new).toList();
    this.histories = histories;
    this.settings = settings;
  }

  /**
   * Reads where it is safe.
   *
   * <p>A query that fails on a standby (a conflict with recovery, a lost connection) is run again
   * on the primary. Only its time limit is not spent twice: an overloaded standby must not turn
   * into an overloaded primary.
   *
   * <p>The primary is asked for its history first, in the same session, where that of the lease's
   * epoch is known: an old primary that still answers must not fill a cache.
   *
   * @param floor what the read must see: B of the lease, or more; empty for the primary
   * @throws ForeignPrimaryException where the primary is a standby, or was replaced
   * @throws Exception what the query throws
   */
  public <T> Read<T> read(Optional<Position> floor, Query<T> query) throws Exception {
    List<Refusal> refusals = new ArrayList<>();
    Optional<History> history = floor.flatMap(at -> histories.of(at.epoch()));
    Optional<Read<T>> read =
        standbys.isEmpty() ? Optional.empty() : onStandby(floor, history, query, refusals);
    if (read.isPresent()) {
      return read.get();
    }
    try (Connection connection = primary.getConnection()) {
      if (floor.isPresent() && history.isPresent()) {
        PrimaryCheck.require(connection, history.get(), floor.get());
      }
      return new Read<>(query.run(connection), From.PRIMARY, refusals);
    }
  }

  private <T> Optional<Read<T>> onStandby(
      Optional<Position> floor, Optional<History> history, Query<T> query, List<Refusal> refusals)
      throws Exception {
    if (floor.isEmpty() || history.isEmpty()) {
      refusals.add(floor.isEmpty() ? Refusal.NO_LEASE : Refusal.UNKNOWN_EPOCH);
      return Optional.empty();
    }
    long deadline = System.nanoTime() + settings.patience().toNanos();
    int first = turn.getAndIncrement();
    for (int i = 0; i < standbys.size(); i++) {
      Asked standby = standbys.get(Math.floorMod(first + i, standbys.size()));
      Attempt<T> attempt =
          standby.isResting()
              ? new Attempt.Refused<>(Refusal.RESTING)
              : standby.attempt(history.get(), floor.get(), query, deadline);
      if (attempt instanceof Attempt.Done<T> done) {
        return Optional.of(new Read<>(done.value(), From.STANDBY, refusals));
      }
      if (attempt instanceof Attempt.Failed<T> failed) {
        throw failed.why();
      }
      Refusal why = ((Attempt.Refused<T>) attempt).why();
      refusals.add(why);
      if (why == Refusal.QUERY_FAILED) {
        // The primary tells whose fault it is.
        break;
      }
    }
    return Optional.empty();
  }

  private static boolean isOfTheServer(Exception e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql) {
        return !QUERY_CANCELED.equals(sql.getSQLState());
      }
    }
    return false;
  }

  /** A standby, and when it may be asked again. Thread-safe. */
  private final class Asked {
    private final Standby standby;
    private volatile long restsUntil = System.nanoTime();
    private volatile Optional<Refusal> lastWord = Optional.empty();

    private Asked(Standby standby) {
      this.standby = standby;
    }

    boolean isResting() {
      return restsUntil - System.nanoTime() > 0;
    }

    <T> Attempt<T> attempt(History history, Position floor, Query<T> query, long deadline) {
      try (Connection connection = standby.connections().getConnection()) {
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try {
          Optional<Refusal> refusal = check(connection, history, floor, deadline);
          note(refusal, "");
          return refusal.isPresent()
              ? new Attempt.Refused<>(refusal.get())
              : run(query, connection);
        } finally {
          end(connection, autoCommit);
        }
      } catch (SQLException e) {
        note(Optional.of(Refusal.UNREACHABLE), e.toString());
        return new Attempt.Refused<>(Refusal.UNREACHABLE);
      }
    }

    private <T> Attempt<T> run(Query<T> query, Connection connection) {
      try {
        return new Attempt.Done<>(query.run(connection));
      } catch (Exception e) {
        if (isOfTheServer(e)) {
          log.debug("Standby failed a load: standby={} error={}", standby.name(), e.toString());
          return new Attempt.Refused<>(Refusal.QUERY_FAILED);
        }
        return new Attempt.Failed<>(e);
      }
    }

    /** Begins the transaction; waits while the standby is only behind. */
    private Optional<Refusal> check(
        Connection connection, History history, Position floor, long deadline) throws SQLException {
      Optional<Refusal> refusal = place(connection, BEGIN + "; ").refusal(history, floor);
      long pause = FIRST_PAUSE_NANOS;
      while (refusal.equals(Optional.of(Refusal.BEHIND))
          && deadline - System.nanoTime() > 0
          && !Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(this, Math.min(pause, deadline - System.nanoTime()));
        pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        refusal = place(connection, "").refusal(history, floor);
      }
      return refusal;
    }

    /** In one round trip with what precedes it. */
    private Place place(Connection connection, String preceding) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        boolean isRows = statement.execute(preceding + Place.QUERY);
        while (!isRows) {
          isRows = statement.getMoreResults();
        }
        try (ResultSet row = statement.getResultSet()) {
          row.next();
          return Place.read(row);
        }
      }
    }

    private void end(Connection connection, boolean autoCommit) {
      try {
        connection.rollback();
        connection.setAutoCommit(autoCommit);
      } catch (SQLException e) {
        // The connection is lost: what was read is read, and the pool will notice.
        log.debug("Standby lost a connection: standby={} error={}", standby.name(), e.toString());
      }
    }

    private Duration rest(Refusal refusal) {
      return refusal == Refusal.BEHIND
          ? settings.rest()
          : settings.rest().multipliedBy(REST_FACTOR);
    }

    /** One line per change, and none for being behind, which comes and goes with the load. */
    private void note(Optional<Refusal> word, String error) {
      word.ifPresent(refusal -> restsUntil = System.nanoTime() + rest(refusal).toNanos());
      if (word.equals(Optional.of(Refusal.BEHIND)) || word.equals(lastWord)) {
        return;
      }
      lastWord = word;
      if (word.isPresent()) {
        log.warn(
            "Standby serves no loads, the primary does: standby={} reason={} error=\"{}\"",
            standby.name(),
            word.get().label(),
            error);
      } else {
        log.info("Standby serves loads: standby={}", standby.name());
      }
    }
  }
}
