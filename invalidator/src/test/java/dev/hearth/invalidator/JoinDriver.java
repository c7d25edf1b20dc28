package dev.hearth.invalidator;

import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A database of a few rows in front of the topology with its store on disk. The log of tables whose
 * rows were asked for carries no old values but the id.
 */
final class JoinDriver implements AutoCloseable {
  private final Map<String, Map<String, Map<String, @Nullable String>>> tables =
      new LinkedHashMap<>();
  private final Map<String, SnapshotRequest> requests = new LinkedHashMap<>();
  private final RowsDriver driver;

  JoinDriver(Rules rules, Path directory) {
    driver = new RowsDriver(rules, directory, StoredRowsOpening.SILENT);
    driver
        .snapshots()
        .readValuesToList()
        .forEach(request -> requests.put(request.table(), request));
  }

  /** Tables whose rows were asked for. */
  Map<String, SnapshotRequest> requests() {
    return requests;
  }

  /** Rows by id. */
  Map<String, Map<String, @Nullable String>> rows(String table) {
    return tables.computeIfAbsent(table, name -> new LinkedHashMap<>());
  }

  /** Answers every request. */
  void snapshot() {
    requests.forEach(
        (table, request) -> {
          rows(table)
              .forEach(
                  (row, image) ->
                      driver.send(
                          table + ":" + row,
                          new SnapshotRow(
                              request.id(), table, new RowImage(new LinkedHashMap<>(image)))));
          driver.end(request);
        });
    touched();
  }

  /** Inserts, updates, or, without a next image, deletes a row, and tells what is touched. */
  List<String> write(String table, String row, @Nullable Map<String, @Nullable String> next) {
    Map<String, @Nullable String> old = rows(table).get(row);
    if (next == null) {
      rows(table).remove(row);
    } else {
      rows(table).put(row, next);
    }
    Map<String, @Nullable String> before = new LinkedHashMap<>();
    if (old != null) {
      before.putAll(requests.containsKey(table) ? Map.of("id", row) : old);
    }
    Operation operation =
        old == null ? Operation.INSERT : next == null ? Operation.DELETE : Operation.UPDATE;
    driver.send(
        table + ":" + row, driver.change(table, operation, before, next == null ? Map.of() : next));
    return touched();
  }

  List<String> truncate(String table) {
    rows(table).clear();
    driver.send(table, driver.change(table, Operation.TRUNCATE, Map.of(), Map.of()));
    return touched();
  }

  /** Keys, and caches that were voided, since the last time. */
  List<String> touched() {
    return driver.touched();
  }

  /** Reasons of the dead letters since the last time. */
  List<String> deadLetters() {
    return driver.deadLetters();
  }

  List<InvalidationRecord> records() {
    return driver.records();
  }

  @Override
  public void close() {
    driver.close();
  }
}
