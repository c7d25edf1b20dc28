package dev.hearth.sandbox;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * Commits that wait for a standby which is absent: in the log, and visible to nobody, until this is
 * closed. Of a whole server; sessions with {@code synchronous_commit = local} do not wait. For
 * tests.
 */
public final class HeldCommits implements AutoCloseable {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private final Connection observer;

  private HeldCommits(Connection observer) {
    this.observer = observer;
  }

  /**
   * Returns when commits do wait. The server's processes learn of the setting each in its own time,
   * the one that decides it last: so a commit of no consequence is tried until one waits, and let
   * go.
   *
   * @param url of any database of the server, for an account that may set its configuration
   */
  public static HeldCommits begin(String url, String user, String password) throws Exception {
    HeldCommits held = new HeldCommits(DriverManager.getConnection(url, user, password));
    try {
      held.execute("alter system set synchronous_standby_names = 'absent'");
      held.execute("select pg_reload_conf()");
      Wait.untilHolds(
          BOUND,
          () -> {
            if (!held.holds(url, user, password)) {
              throw new AssertionError("commits do not wait for the standby");
            }
          });
      return held;
    } catch (Exception | AssertionError e) {
      held.close();
      throw e;
    }
  }

  private boolean holds(String url, String user, String password) throws Exception {
    try (Connection probe = DriverManager.getConnection(url, user, password);
        Statement statement = probe.createStatement()) {
      String pid = one(statement, "select pg_backend_pid()");
      // A thread of its own: others may be held that wait for this very call.
      FutureTask<String> commit =
          new FutureTask<>(
              () -> one(statement, "select pg_logical_emit_message(true, 'hearth', '')"));
      Thread committing = new Thread(commit, "held-commit-probe");
      committing.setDaemon(true);
      committing.start();
      boolean settled = Wait.until(BOUND, () -> commit.isDone() || waitsForStandby(pid));
      if (!settled || commit.isDone()) {
        commit.get(0, TimeUnit.SECONDS);
        return false;
      }
      execute("select pg_cancel_backend(" + pid + ")");
      commit.get(BOUND.toSeconds(), TimeUnit.SECONDS);
      return true;
    }
  }

  private boolean waitsForStandby(String pid) {
    try (Statement asking = observer.createStatement()) {
      return one(asking, "select wait_event from pg_stat_activity where pid = " + pid)
          .equals("SyncRep");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lets them go; does not wait until they are. */
  public void release() throws SQLException {
    execute("alter system reset synchronous_standby_names");
    execute("select pg_reload_conf()");
  }

  @Override
  public void close() throws SQLException {
    try (observer) {
      release();
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = observer.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String one(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      return row.next() && row.getString(1) != null ? row.getString(1) : "";
    }
  }
}
