package dev.hearth.invalidator;

import dev.hearth.invalidator.derivation.KnownRows;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.rows.Rows;
import java.time.Clock;
import java.util.function.Supplier;

/** The rows of the store, for tests of other packages. */
public final class StoredRowsOpening {
  static final Rows.Listener SILENT = new Silent();

  private StoredRowsOpening() {}

  public static KnownRows.Opening of(Rules rules, Supplier<String> ids, Clock clock) {
    return StoredRows.opening(rules, SILENT, ids, clock);
  }

  private static final class Silent implements Rows.Listener {
    @Override
    public void unknown(String table, String reason) {}

    @Override
    public void complete(String table, boolean complete) {}

    @Override
    public void entries(long count) {}
  }
}
