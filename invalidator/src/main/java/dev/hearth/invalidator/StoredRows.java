package dev.hearth.invalidator;

import dev.hearth.invalidator.derivation.InvalidationTopology;
import dev.hearth.invalidator.derivation.KnownRows;
import dev.hearth.invalidator.derivation.Needed;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.rows.Rows;
import dev.hearth.invalidator.rows.TableNeeds;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/** The rows of the state store as what the derivation knows of rows. */
final class StoredRows implements KnownRows {
  private final Rows rows;
  private final Set<String> joined;
  private final Clock clock;

  private StoredRows(Rows rows, Set<String> joined, Clock clock) {
    this.rows = rows;
    this.joined = joined;
    this.clock = clock;
  }

  /**
   * @param ids of snapshots, each a new one
   */
  static Opening opening(Rules rules, Rows.Listener listener, Supplier<String> ids, Clock clock) {
    return context -> {
      KeyValueStore<Bytes, byte[]> store = context.getStateStore(InvalidationTopology.ROWS);
      return new StoredRows(
          new Rows(store, table -> needs(rules.needed(table)), ids, listener, clock.instant()),
          rules.joinedTables(),
          clock);
    };
  }

  private static TableNeeds needs(Needed needed) {
    return new TableNeeds(needed.columns(), needed.ofDeleted(), needed.joinedOn(), needed.joined());
  }

  @Override
  public void at(long offset) {
    rows.at(offset, joined);
  }

  @Override
  public ChangeEvent complete(ChangeEvent change, String row, long offset) {
    return rows.complete(change, row, offset);
  }

  @Override
  public void keep(ChangeEvent completed, String row, long offset) {
    rows.keep(completed, row, offset);
  }

  @Override
  public void read(SnapshotRow read, String row, long offset) {
    rows.read(read, row, offset, clock.instant());
  }

  @Override
  public void end(SnapshotEnd end, long offset) {
    rows.end(end, offset, clock.instant());
  }

  @Override
  public void epoch(long offset, boolean settled) {
    rows.epoch(offset, settled);
  }

  @Override
  public void forget(Optional<String> table, long offset) {
    rows.forget(table, offset);
  }

  @Override
  public List<SnapshotRequest> requests() {
    return rows.requests(clock.instant());
  }

  @Override
  public void tick() {
    rows.tick(clock.instant());
  }

  @Override
  public Found find(
      String table, String column, String value, long offset, boolean after, int limit) {
    Rows.Found found = rows.find(table, column, value, offset, after, limit);
    if (found instanceof Rows.Matches matches) {
      return new Found.Matches(matches.rows());
    }
    return found instanceof Rows.TooMany ? new Found.TooMany() : new Found.NotKnown();
  }
}
