package dev.hearth.cli;

import dev.hearth.cli.plan.PresentRows;
import dev.hearth.ingest.SourceRows;
import dev.hearth.invalidator.derivation.KnownRows;
import dev.hearth.schemas.change.RowImage;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Asks the source for rows, and asks no more in a way that failed once: a column without an index
 * in a large table would cost the source a scan at every change. By one thread.
 */
final class AskedSource implements PresentRows {
  /** SQLSTATE class of values that PostgreSQL does not read. */
  private static final String DATA_EXCEPTION = "22";

  private final SourceRows rows;
  private final Set<String> stopped = new HashSet<>();
  private final Map<String, String> failures = new LinkedHashMap<>();

  AskedSource(SourceRows rows) {
    this.rows = rows;
  }

  @Override
  public Optional<RowImage> row(String table, String key) {
    if (stopped.contains(table)) {
      return Optional.empty();
    }
    try {
      return rows.row(table, key);
    } catch (SQLException | IllegalArgumentException e) {
      failed(table, e);
      return Optional.empty();
    }
  }

  @Override
  public KnownRows.Found find(String table, String column, String value, int limit) {
    String way = table + " by " + column;
    if (stopped.contains(way)) {
      return new KnownRows.Found.NotKnown();
    }
    try {
      List<RowImage> found =
          rows.find(table, column, value, limit == Integer.MAX_VALUE ? limit : limit + 1);
      return found.size() > limit
          ? new KnownRows.Found.TooMany()
          : new KnownRows.Found.Matches(found);
    } catch (SQLException | IllegalArgumentException e) {
      failed(way, e);
      return new KnownRows.Found.NotKnown();
    }
  }

  private void failed(String way, Exception e) {
    boolean ofTheValue =
        e instanceof SQLException sql
            && String.valueOf(sql.getSQLState()).startsWith(DATA_EXCEPTION);
    if (!ofTheValue) {
      stopped.add(way);
    }
    failures.putIfAbsent(
        way,
        "rows of "
            + way
            + (ofTheValue ? " could not be asked for once (" : " are not asked for any more (")
            + String.valueOf(e.getMessage()).lines().findFirst().orElse("no message")
            + ")");
  }

  @Override
  public List<String> failures() {
    return List.copyOf(failures.values());
  }
}
