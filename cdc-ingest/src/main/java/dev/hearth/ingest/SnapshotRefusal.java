package dev.hearth.ingest;

import dev.hearth.ingest.decode.TableShape;
import dev.hearth.schemas.change.SnapshotRequest;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Which requests for rows cannot be served; pure. */
final class SnapshotRefusal {
  private SnapshotRefusal() {}

  /**
   * Why it cannot be served.
   *
   * @param shapes of the tables that are followed, by name
   */
  static Optional<String> of(SnapshotRequest request, Map<String, TableShape> shapes) {
    TableShape shape = shapes.get(request.table());
    if (shape == null) {
      return Optional.of(
          "no rule that fits names the table "
              + request.table()
              + ", so its changes are not known");
    }
    if (shape.identity().isEmpty()) {
      return Optional.of(
          request.table()
              + " has neither a primary key nor an index as its replica identity, so its rows"
              + " cannot be told apart; add a primary key");
    }
    Set<String> unknown = new TreeSet<>(request.columns());
    unknown.removeAll(shape.needed());
    return unknown.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "no rule reads "
                + String.join(", ", unknown)
                + " of "
                + request.table()
                + ", so that changes do not carry it; expected some of "
                + String.join(", ", new TreeSet<>(shape.needed())));
  }
}
