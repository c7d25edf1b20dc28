package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.RowImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is remembered of one row: its image, and the last few different ones before it. Immutable.
 *
 * @param versions newest first, at least one; each lasted until the offset of the one before it in
 *     this list
 */
record StoredRow(List<Version> versions) {
  /** How many ended images are remembered of a row. */
  static final int ENDED = 4;

  StoredRow {
    versions = List.copyOf(versions);
  }

  /**
   * One image.
   *
   * @param offset of the record that brought it
   * @param lsn of the change that made it; 0 where a snapshot brought it
   * @param image empty where the row was deleted
   */
  record Version(long offset, long lsn, Optional<RowImage> image) {}

  /** What is remembered of a moment. */
  sealed interface Recall {
    /** The row as it was. */
    record Row(RowImage image) implements Recall {}

    /** There was no row. */
    record Absent() implements Recall {}

    /** Nothing is remembered that far back. */
    record Forgotten() implements Recall {}
  }

  static StoredRow of(Version version) {
    return new StoredRow(List.of(version));
  }

  Version newest() {
    return versions.get(0);
  }

  /** As it was before the record at an offset, whatever came later. */
  Recall before(long offset) {
    for (Version version : versions) {
      if (version.offset() < offset) {
        return version.image().<Recall>map(Recall.Row::new).orElseGet(Recall.Absent::new);
      }
    }
    return new Recall.Forgotten();
  }

  /** The newest row made by a change before one. */
  Optional<RowImage> beforeChange(long lsn) {
    return versions.stream()
        .filter(version -> Long.compareUnsigned(version.lsn(), lsn) < 0)
        .findFirst()
        .flatMap(Version::image);
  }

  /**
   * With a newer image.
   *
   * @param horizon images that ended before this offset are forgotten
   */
  StoredRow followedBy(Version next, long horizon) {
    List<Version> kept = new ArrayList<>();
    kept.add(next);
    for (Version version : versions) {
      long ended = kept.get(kept.size() - 1).offset();
      if (kept.size() > ENDED || ended < horizon) {
        break;
      }
      kept.add(version);
    }
    return new StoredRow(kept);
  }
}
