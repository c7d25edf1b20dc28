package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * The pages on disk, in RocksDB. Reading is for any thread, writing for one; nobody may read or
 * write once {@link #close} has begun.
 *
 * <p>A page is one batch: its records, its reports, its marks, and how far the topics were read for
 * it. So a stop between two pages loses and doubles nothing. Files are written once and thrown away
 * whole, the oldest first, above a size or an age (FIFO compaction): nothing is ever rewritten, and
 * what a subject has on disk is some small pieces, one for each page that it came in, which its
 * prefix finds.
 *
 * <p>A page is never split between two files (a batch goes to one memtable of a column family), and
 * each begins with a piece that says with which record of each partition it began. That piece goes
 * when its file goes: so the oldest one that is left tells since when nothing is left out.
 */
final class LineageFiles implements Recorded, AutoCloseable {
  private static final byte[] PAGES = "pages".getBytes(StandardCharsets.UTF_8);

  private final LineageDatabase disk;
  private volatile long pages;

  private LineageFiles(LineageDatabase disk) throws RocksDBException {
    this.disk = disk;
    this.pages = number(PAGES).orElse(0L);
  }

  static LineageFiles open(Path directory, LineageLimits limits) throws RocksDBException {
    RocksDB.loadLibrary();
    LineageDatabase disk = new LineageDatabase(directory, limits);
    boolean open = false;
    try {
      LineageFiles files = new LineageFiles(disk);
      open = true;
      return files;
    } finally {
      if (!open) {
        disk.close();
      }
    }
  }

  /** Removes everything; for files that are not open. */
  static void destroy(Path directory) throws RocksDBException {
    RocksDB.loadLibrary();
    try (org.rocksdb.Options options = new org.rocksdb.Options()) {
      RocksDB.destroyDB(directory.toString(), options);
    }
  }

  /** Notes where recording begins. */
  void begin(Map<String, String> topicIds, Map<Page.Place, Long> next, Map<Integer, Instant> since)
      throws RocksDBException {
    try (WriteBatch batch = new WriteBatch()) {
      for (Map.Entry<String, String> topic : topicIds.entrySet()) {
        batch.put(
            disk.meta,
            LineageKeys.topicKey(topic.getKey()),
            topic.getValue().getBytes(StandardCharsets.UTF_8));
      }
      for (Map.Entry<Page.Place, Long> place : next.entrySet()) {
        batch.put(
            disk.meta, LineageKeys.nextKey(place.getKey()), LineageKeys.bytes(place.getValue()));
      }
      for (Map.Entry<Integer, Instant> partition : since.entrySet()) {
        batch.put(
            disk.meta,
            LineageKeys.sinceKey(partition.getKey()),
            LineageKeys.bytes(partition.getValue().toEpochMilli()));
      }
      disk.database.write(disk.writing, batch);
    }
  }

  /** The id of a topic as it was when recording began. */
  Optional<String> topicId(String topic) throws RocksDBException {
    return Optional.ofNullable(disk.database.get(disk.meta, LineageKeys.topicKey(topic)))
        .map(id -> new String(id, StandardCharsets.UTF_8));
  }

  /** Where to go on in a topic. */
  OptionalLong next(Page.Place place) throws RocksDBException {
    return number(LineageKeys.nextKey(place)).map(OptionalLong::of).orElse(OptionalLong.empty());
  }

  void write(Page page) throws RocksDBException {
    try (WriteBatch batch = new WriteBatch()) {
      List<LoggedRecord> spans = new ArrayList<>();
      page.spans()
          .forEach(
              (partition, span) ->
                  spans.add(new LoggedRecord(partition, span.firstMillis(), new byte[0])));
      put(batch, Subject.PAGES, spans);
      for (Map.Entry<Subject, Deque<LoggedRecord>> each : page.events().entrySet()) {
        put(batch, each.getKey(), each.getValue());
      }
      for (Report report : page.reports()) {
        batch.put(
            disk.reports,
            LineageKeys.reportKey(
                report.store(),
                report.partition(),
                report.lastOffset(),
                LineageKeys.micros(report.appliedAt())),
            LineageKeys.bytes(report.firstOffset()));
      }
      for (Mark mark : page.marks()) {
        batch.put(
            disk.marks,
            LineageKeys.markKey(mark.partition(), mark.position()),
            ByteBuffer.allocate(16)
                .putLong(LineageKeys.micros(mark.gateTime()))
                .putLong(mark.offset())
                .array());
      }
      for (Map.Entry<Page.Place, Long> place : page.next().entrySet()) {
        batch.put(
            disk.meta, LineageKeys.nextKey(place.getKey()), LineageKeys.bytes(place.getValue()));
      }
      batch.put(disk.meta, PAGES, LineageKeys.bytes(pages + 1));
      disk.database.write(disk.writing, batch);
    }
    pages = pages + 1;
  }

  private void put(WriteBatch batch, Subject subject, Collection<LoggedRecord> records)
      throws RocksDBException {
    byte[] identity = subject.bytes();
    // The newest piece of a subject comes first.
    batch.put(
        disk.events, LineageKeys.eventKey(identity, Long.MAX_VALUE - pages), Piece.encode(records));
  }

  @Override
  public List<LoggedRecord> newest(Subject subject, int limit) {
    byte[] identity = subject.bytes();
    byte[] prefix = Arrays.copyOf(LineageKeys.eventKey(identity, 0), Long.BYTES);
    List<LoggedRecord> newest = new ArrayList<>();
    try (RocksIterator pieces = disk.database.newIterator(disk.events, disk.ofOnePrefix)) {
      for (pieces.seek(prefix); pieces.isValid() && newest.size() < limit; pieces.next()) {
        List<LoggedRecord> piece = piece(identity, pieces);
        for (int i = piece.size() - 1; i >= 0 && newest.size() < limit; i--) {
          newest.add(piece.get(i));
        }
      }
      check(pieces);
    }
    return newest;
  }

  @Override
  public Optional<Instant> since(int partition) {
    byte[] identity = Subject.PAGES.bytes();
    byte[] prefix = Arrays.copyOf(LineageKeys.eventKey(identity, 0), Long.BYTES);
    boolean complete = pages == 0;
    try (RocksIterator pieces = disk.database.newIterator(disk.events, disk.inOrder)) {
      for (pieces.seekForPrev(LineageKeys.eventKey(identity, Long.MAX_VALUE));
          pieces.isValid() && LineageKeys.startsWith(pieces.key(), prefix);
          pieces.prev()) {
        if (Arrays.equals(pieces.key(), LineageKeys.eventKey(identity, Long.MAX_VALUE))) {
          // The very first page is still there.
          complete = true;
          break;
        }
        for (LoggedRecord span : piece(identity, pieces)) {
          if (span.offset() == partition) {
            return Optional.of(Instant.ofEpochMilli(span.timestampMillis()));
          }
        }
      }
      check(pieces);
      return complete
          ? number(LineageKeys.sinceKey(partition)).map(Instant::ofEpochMilli)
          : Optional.empty();
    } catch (RocksDBException e) {
      throw new LineageUnavailableException("the files cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public List<Report> reportsFrom(String store, int partition, long offset) {
    List<Report> found = new ArrayList<>();
    try (RocksIterator rounds = disk.database.newIterator(disk.reports, disk.inOrder)) {
      for (rounds.seek(LineageKeys.reportKey(store, partition, offset, 0));
          rounds.isValid() && found.size() < MOST_REPORTS && isOf(store, partition, rounds.key());
          rounds.next()) {
        found.add(report(store, partition, rounds));
      }
      check(rounds);
    }
    return found;
  }

  @Override
  public Optional<Report> lastReport(String store, int partition) {
    try (RocksIterator rounds = disk.database.newIterator(disk.reports, disk.inOrder)) {
      rounds.seekForPrev(LineageKeys.reportKey(store, partition, Long.MAX_VALUE, Long.MAX_VALUE));
      Optional<Report> last =
          rounds.isValid() && isOf(store, partition, rounds.key())
              ? Optional.of(report(store, partition, rounds))
              : Optional.empty();
      check(rounds);
      return last;
    }
  }

  private static boolean isOf(String store, int partition, byte[] key) {
    byte[] first = LineageKeys.reportKey(store, partition, 0, 0);
    return key.length == first.length
        && LineageKeys.startsWith(key, Arrays.copyOf(first, first.length - 2 * Long.BYTES));
  }

  private static Report report(String store, int partition, RocksIterator at) {
    byte[] key = at.key();
    ByteBuffer end = ByteBuffer.wrap(key, key.length - 2 * Long.BYTES, 2 * Long.BYTES);
    return new Report(
        store,
        partition,
        ByteBuffer.wrap(at.value()).getLong(),
        end.getLong(),
        LineageKeys.instant(end.getLong()));
  }

  @Override
  public Optional<Mark> markBelow(int partition, Position position) {
    try (RocksIterator found = disk.database.newIterator(disk.marks, disk.inOrder)) {
      found.seekForPrev(LineageKeys.markKey(partition, position));
      if (found.isValid() && Arrays.equals(found.key(), LineageKeys.markKey(partition, position))) {
        found.prev();
      }
      return mark(partition, found);
    }
  }

  @Override
  public Optional<Mark> markAbove(int partition, Position position) {
    try (RocksIterator found = disk.database.newIterator(disk.marks, disk.inOrder)) {
      found.seek(LineageKeys.markKey(partition, position));
      if (found.isValid() && Arrays.equals(found.key(), LineageKeys.markKey(partition, position))) {
        found.next();
      }
      return mark(partition, found);
    }
  }

  private static Optional<Mark> mark(int partition, RocksIterator at) {
    if (!at.isValid()) {
      check(at);
      return Optional.empty();
    }
    ByteBuffer key = ByteBuffer.wrap(at.key());
    if (key.getInt() != partition) {
      return Optional.empty();
    }
    ByteBuffer value = ByteBuffer.wrap(at.value());
    return Optional.of(
        new Mark(
            partition,
            new Position(key.getLong(), key.getLong()),
            LineageKeys.instant(value.getLong()),
            value.getLong()));
  }

  private static void check(RocksIterator iterator) {
    try {
      iterator.status();
    } catch (RocksDBException e) {
      throw new LineageUnavailableException("the files cannot be read: " + e.getMessage(), e);
    }
  }

  private Optional<Long> number(byte[] key) throws RocksDBException {
    byte @Nullable [] value = disk.database.get(disk.meta, key);
    return value == null ? Optional.empty() : Optional.of(ByteBuffer.wrap(value).getLong());
  }

  private static List<LoggedRecord> piece(byte[] identity, RocksIterator at) {
    byte[] key = at.key();
    return Arrays.equals(key, 2 * Long.BYTES, key.length, identity, 0, identity.length)
        ? Piece.decode(at.value())
        : List.of();
  }

  @Override
  public void close() {
    disk.close();
  }
}
