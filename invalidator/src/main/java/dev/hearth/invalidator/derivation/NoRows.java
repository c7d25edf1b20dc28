package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import java.util.List;
import java.util.Optional;

/** Knows no rows and remembers none. */
final class NoRows implements KnownRows {
  @Override
  public void at(long offset) {}

  @Override
  public ChangeEvent complete(ChangeEvent change, String row, long offset) {
    return change;
  }

  @Override
  public void keep(ChangeEvent completed, String row, long offset) {}

  @Override
  public void read(SnapshotRow read, String row, long offset) {}

  @Override
  public void end(SnapshotEnd end, long offset) {}

  @Override
  public void epoch(long offset, boolean settled) {}

  @Override
  public void forget(Optional<String> table, long offset) {}

  @Override
  public List<SnapshotRequest> requests() {
    return List.of();
  }

  @Override
  public void tick() {}

  @Override
  public Found find(
      String table, String column, String value, long offset, boolean after, int limit) {
    return new Found.NotKnown();
  }
}
