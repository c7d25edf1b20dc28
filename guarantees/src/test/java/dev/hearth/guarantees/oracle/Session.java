package dev.hearth.guarantees.oracle;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.postgresql.copy.CopyManager;
import org.postgresql.core.BaseConnection;

/** One connection that writes: transaction after transaction, a step at a time. */
final class Session implements AutoCloseable {
  private final Connection connection;
  private final Dice dice;
  private final List<Drawn> all;
  private final List<String> statements = new ArrayList<>();
  private final Deque<String> savepoints = new ArrayDeque<>();
  private Drawn drawn;
  private Writer writer;
  private int left;
  private boolean guarded;
  private boolean exclusive;
  private int names;
  private int failed;

  Session(Connection connection, List<Drawn> all, Dice dice) throws SQLException {
    this.connection = connection;
    this.all = all;
    this.dice = dice;
    this.drawn = all.get(0);
    this.writer = new Writer(drawn.schema(), dice);
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      // Sessions are driven by one thread: who would wait for another one waits for ever.
      statement.execute("set lock_timeout = '5ms'");
    }
    connection.commit();
  }

  boolean isOpen() {
    return !statements.isEmpty();
  }

  /** Whether the next step is to end the transaction. */
  boolean isDone() {
    return isOpen() && left <= 0;
  }

  /** Whether it holds a lock that not even readers get past, so that it has to end first. */
  boolean isExclusive() {
    return exclusive;
  }

  /** Transactions that ended with an error of a statement. */
  int failed() {
    return failed;
  }

  Drawn drawn() {
    return drawn;
  }

  List<String> statements() {
    return List.copyOf(statements);
  }

  void step() throws SQLException {
    if (!isOpen()) {
      begin();
    }
    left--;
    int kind = dice.below(100);
    if (kind < 5) {
      String name = "s" + names++;
      run("savepoint " + name);
      savepoints.push(name);
    } else if (kind < 8 && !savepoints.isEmpty()) {
      run("rollback to savepoint " + savepoints.peek());
    } else if (kind < 10 && !savepoints.isEmpty()) {
      run("release savepoint " + savepoints.pop());
    } else {
      write(writer.statement());
    }
  }

  private void begin() throws SQLException {
    drawn = dice.one(all);
    writer = new Writer(drawn.schema(), dice);
    guarded = dice.percent(60);
    int kind = dice.below(100);
    left = kind < 85 ? dice.between(1, 3) : kind < 98 ? dice.between(4, 12) : dice.between(20, 60);
    run(
        "set transaction isolation level "
            + (dice.percent(90) ? "read committed" : "repeatable read"));
  }

  private void write(String sql) throws SQLException {
    exclusive |= sql.startsWith("truncate ");
    if (!guarded) {
      try {
        run(sql);
      } catch (SQLException refused) {
        // A transaction that fails as a whole.
        failed++;
        rollback();
      }
      return;
    }
    try {
      if (sql.startsWith(Writer.COPY)) {
        run("savepoint w");
        run(sql);
        run("release savepoint w");
      } else {
        run("savepoint w; " + sql + "; release savepoint w");
      }
    } catch (SQLException refused) {
      run("rollback to savepoint w; release savepoint w");
    }
  }

  private void run(String sql) throws SQLException {
    statements.add(sql);
    if (sql.startsWith(Writer.COPY)) {
      int rows = sql.indexOf('\n') + 1;
      try {
        new CopyManager(connection.unwrap(BaseConnection.class))
            .copyIn(sql.substring(0, rows), new StringReader(sql.substring(rows)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** What the oracle needs of a transaction that is about to commit. */
  record Mark(long transaction, long lsn) {}

  /** Writes the row by which the transaction is found again, after everything else of it. */
  Mark mark(long probe) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "insert into probe (id) values ("
                    + probe
                    + ") returning pg_current_xact_id()::text,"
                    + " (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")) {
      row.next();
      return new Mark(Long.parseLong(row.getString(1)), row.getLong(2));
    }
  }

  void commit() throws SQLException {
    connection.commit();
    end();
  }

  /** Ends the transaction here; it is committed, or not, by its name, from any connection. */
  void prepare(String name) throws SQLException {
    run("prepare transaction '" + name + "'");
    connection.commit();
    end();
  }

  void rollback() throws SQLException {
    connection.rollback();
    end();
  }

  private void end() {
    statements.clear();
    savepoints.clear();
    exclusive = false;
    left = 0;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
