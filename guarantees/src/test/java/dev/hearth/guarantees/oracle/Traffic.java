package dev.hearth.guarantees.oracle;

import dev.hearth.schemas.key.KeySlot;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Several sessions whose statements interleave, driven by one thread: transactions commit one after
 * the other, in another order than they wrote, so that the results before and after each are known
 * exactly and a seed repeats them.
 */
final class Traffic implements AutoCloseable {
  static final String PROBE = "probe";

  private final Connection observer;
  private final List<Session> sessions = new ArrayList<>();
  private final Dice dice;
  private final int partitions;
  private final Map<Drawn, Results> latest = new HashMap<>();
  private int committed;
  private int rolledBack;
  private int prepared;
  private long probe;

  interface Connector {
    Connection connect() throws SQLException;
  }

  Traffic(Connector connector, List<Drawn> all, int count, int partitions, Dice dice)
      throws SQLException {
    this.observer = connector.connect();
    try (Statement statement = observer.createStatement()) {
      statement.execute("set statement_timeout = '60s'");
    }
    this.dice = dice;
    this.partitions = partitions;
    for (int i = 0; i < count; i++) {
      sessions.add(new Session(connector.connect(), all, dice));
    }
    for (Drawn drawn : all) {
      latest.put(drawn, Results.read(observer, drawn));
    }
  }

  /** Goes on until one more transaction has committed. */
  Committed next() throws SQLException {
    while (true) {
      Session session =
          sessions.stream().filter(Session::isExclusive).findFirst().orElse(dice.one(sessions));
      Optional<Committed> done = session.isDone() ? end(session) : Optional.empty();
      if (done.isPresent()) {
        return done.get();
      }
      session.step();
    }
  }

  /** Ends every transaction that is open. */
  List<Committed> finish() throws SQLException {
    List<Committed> ended = new ArrayList<>();
    for (Session session : sessions) {
      if (session.isOpen()) {
        end(session).ifPresent(ended::add);
      }
    }
    return ended;
  }

  /** Of those that committed, how many were prepared before. */
  int prepared() {
    return prepared;
  }

  int rolledBack() {
    return rolledBack + sessions.stream().mapToInt(Session::failed).sum();
  }

  private Optional<Committed> end(Session session) throws SQLException {
    if (dice.percent(10)) {
      rolledBack++;
      session.rollback();
      return Optional.empty();
    }
    List<String> statements = session.statements();
    Drawn drawn = session.drawn();
    Session.Mark mark = session.mark(nextProbe());
    if (dice.percent(8)) {
      String name = drawn.schema().namespace() + "_" + probe + "_" + dice.seed();
      session.prepare(name);
      boolean undone = dice.percent(20);
      try (Statement statement = observer.createStatement()) {
        statement.execute((undone ? "rollback" : "commit") + " prepared '" + name + "'");
      }
      if (undone) {
        rolledBack++;
        return Optional.empty();
      }
      prepared++;
    } else {
      session.commit();
    }
    Results before = Objects.requireNonNull(latest.get(drawn), "results at the start");
    Results after = Results.read(observer, drawn);
    latest.put(drawn, after);
    committed++;
    return Optional.of(
        new Committed(
            committed,
            mark.transaction(),
            mark.lsn(),
            insertLsn(),
            drawn,
            statements,
            before.changedTo(after),
            before.keysWith(after)));
  }

  /** Its key is in the first partition of the invalidations, where the order of all is known. */
  private long nextProbe() {
    do {
      probe++;
    } while (KeySlot.partitionOf(PROBE + ":" + probe, partitions) != 0);
    return probe;
  }

  /**
   * Moves the log on.
   *
   * @return an LSN below what was written now, and at or above all that had committed before
   */
  long beat() throws SQLException {
    long lsn = insertLsn();
    try (Statement statement = observer.createStatement()) {
      statement.execute("select pg_logical_emit_message(true, 'hearth', '')");
    }
    return lsn;
  }

  private long insertLsn() throws SQLException {
    try (Statement statement = observer.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")) {
      row.next();
      return row.getLong(1);
    }
  }

  @Override
  public void close() throws SQLException {
    for (Session session : sessions) {
      session.close();
    }
    observer.close();
  }
}
