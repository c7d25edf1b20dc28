package dev.hearth.invalidator.rows;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * Deletes what is of no use any more, a slice at a time: rows that a TRUNCATE or a new beginning
 * left behind, deleted rows, ended entries of indices. By the stream's thread alone.
 *
 * <p>How far it goes is written down first, and what it says is deleted only {@link #SETTLING}
 * later, when it has long been committed: whoever meets a record at or below that offset again
 * knows that an ended entry may be missing.
 */
final class Sweep {
  /** Records that may have to be handled again after a crash; commits come every second. */
  static final long WINDOW = 200_000;

  static final Duration SETTLING = Duration.ofSeconds(60);

  private static final int SLICE = 5_000;
  private static final int ENOUGH = 10_000;

  private final RowStore store;
  private final long window;
  private boolean wanted = true;
  private int ended;
  private long upTo = -1;
  private @Nullable Instant from;
  private @Nullable Bytes cursor;
  private Map<String, TableLife> atStart = Map.of();

  Sweep(RowStore store, long window) {
    this.store = store;
    this.window = window;
  }

  /** Something lies about. */
  void want() {
    wanted = true;
  }

  /** A row or an entry ended. */
  void ended() {
    ended++;
    wanted |= ended >= ENOUGH;
  }

  /**
   * Goes on with a slice.
   *
   * @param offset of the last record
   * @return how far ended things may be deleted from now on
   */
  long tick(Instant now, long offset, Map<String, TableLife> lives) {
    if (from == null) {
      if (wanted) {
        wanted = false;
        ended = 0;
        upTo = Math.max(store.swept(), offset - window);
        store.putSwept(upTo);
        // Who takes over only now may still be lost in a crash.
        atStart = Map.copyOf(lives);
        from = now;
      }
    } else if (!now.isBefore(from.plus(SETTLING))) {
      slice(lives);
    }
    return Math.max(upTo, store.swept());
  }

  private void slice(Map<String, TableLife> lives) {
    Bytes start = cursor == null ? Bytes.wrap(new byte[0]) : cursor;
    try (KeyValueIterator<Bytes, byte[]> rest = store.behind(start)) {
      for (int i = 0; i < SLICE && rest.hasNext(); i++) {
        KeyValue<Bytes, byte[]> next = rest.next();
        cursor = next.key;
        if (isUseless(next.key, next.value, lives)) {
          store.delete(next.key);
        }
      }
      if (!rest.hasNext()) {
        cursor = null;
        from = null;
      }
    }
  }

  private boolean isUseless(Bytes key, byte[] value, Map<String, TableLife> lives) {
    List<String> parts = StoreFormat.parts(key.get());
    char kind = parts.get(0).charAt(0);
    if (kind != StoreFormat.ROW && kind != StoreFormat.ENTRY) {
      return false;
    }
    Optional<TableLife> life =
        Stream.of(atStart, lives)
            .flatMap(some -> Stream.ofNullable(some.get(parts.get(1))))
            .filter(of -> of.incarnation().equals(parts.get(2)))
            .findFirst();
    if (life.isEmpty()) {
      return true;
    }
    if (kind == StoreFormat.ENTRY) {
      return StoreFormat.number(value) <= upTo;
    }
    StoredRow.Version newest = StoreFormat.row(value, life.get().columns()).newest();
    return newest.image().isEmpty() && newest.offset() <= upTo;
  }
}
