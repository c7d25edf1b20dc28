package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompactionOptionsFIFO;
import org.rocksdb.CompactionStyle;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

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
  private static final long SMALLEST_BUFFER_BYTES = 64 << 10;
  private static final long LARGEST_BUFFER_BYTES = 16 << 20;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final RocksDB database;
  private final ColumnFamilyHandle meta;
  private final ColumnFamilyHandle events;
  private final ColumnFamilyHandle reports;
  private final ColumnFamilyHandle marks;
  private final ReadOptions ofOnePrefix;
  private final ReadOptions inOrder;
  private final WriteOptions writing;
  private long pages;

  private LineageFiles(Path directory, LineageLimits limits) throws RocksDBException {
    boolean open = false;
    try {
      long buffer =
          Math.min(LARGEST_BUFFER_BYTES, Math.max(SMALLEST_BUFFER_BYTES, limits.diskBytes() / 32));
      LRUCache cache = open(new LRUCache(LARGEST_BUFFER_BYTES / 2));
      BlockBasedTableConfig table =
          new BlockBasedTableConfig()
              .setBlockCache(cache)
              .setFilterPolicy(open(new BloomFilter(10)))
              .setWholeKeyFiltering(false);
      // The rest is for the write-ahead log, and for files that are about to be thrown away.
      long forFiles = limits.diskBytes() * 7 / 10;
      ColumnFamilyOptions eventOptions =
          fifo(forFiles * 75 / 100, buffer, limits).useFixedLengthPrefixExtractor(Long.BYTES);
      eventOptions.setTableFormatConfig(table);
      ColumnFamilyOptions reportOptions = fifo(forFiles * 20 / 100, buffer / 2, limits);
      ColumnFamilyOptions markOptions = fifo(forFiles * 5 / 100, buffer / 4, limits);
      List<ColumnFamilyHandle> handles = new ArrayList<>();
      DBOptions options =
          open(
              new DBOptions()
                  .setCreateIfMissing(true)
                  .setCreateMissingColumnFamilies(true)
                  // FIFO goes by the age of files only where all are open.
                  .setMaxOpenFiles(-1)
                  .setMaxTotalWalSize(2 * buffer)
                  .setMaxManifestFileSize(buffer)
                  .setMaxLogFileSize(SMALLEST_BUFFER_BYTES)
                  .setKeepLogFileNum(2)
                  .setStatsDumpPeriodSec(0)
                  .setInfoLogLevel(InfoLogLevel.WARN_LEVEL));
      database =
          RocksDB.open(
              options,
              directory.toString(),
              List.of(
                  new ColumnFamilyDescriptor(
                      RocksDB.DEFAULT_COLUMN_FAMILY, open(new ColumnFamilyOptions())),
                  family("events", eventOptions),
                  family("reports", reportOptions),
                  family("marks", markOptions)),
              handles);
      opened.push(database);
      handles.forEach(opened::push);
      meta = handles.get(0);
      events = handles.get(1);
      reports = handles.get(2);
      marks = handles.get(3);
      ofOnePrefix = open(new ReadOptions().setPrefixSameAsStart(true));
      inOrder = open(new ReadOptions().setTotalOrderSeek(true));
      writing = open(new WriteOptions());
      pages = number(PAGES).orElse(0L);
      open = true;
    } finally {
      if (!open) {
        close();
      }
    }
  }

  static LineageFiles open(Path directory, LineageLimits limits) throws RocksDBException {
    RocksDB.loadLibrary();
    return new LineageFiles(directory, limits);
  }

  private <T extends AutoCloseable> T open(T resource) {
    opened.push(resource);
    return resource;
  }

  private ColumnFamilyOptions fifo(long bytes, long buffer, LineageLimits limits) {
    return open(new ColumnFamilyOptions())
        .setCompactionStyle(CompactionStyle.FIFO)
        .setCompactionOptionsFIFO(
            open(new CompactionOptionsFIFO()).setMaxTableFilesSize(bytes).setAllowCompaction(false))
        .setTtl(limits.horizon().toSeconds())
        .setWriteBufferSize(buffer)
        .setMaxWriteBufferNumber(2)
        .setCompressionType(CompressionType.ZSTD_COMPRESSION);
  }

  private static ColumnFamilyDescriptor family(String name, ColumnFamilyOptions options) {
    return new ColumnFamilyDescriptor(name.getBytes(StandardCharsets.UTF_8), options);
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
            meta, topicKey(topic.getKey()), topic.getValue().getBytes(StandardCharsets.UTF_8));
      }
      for (Map.Entry<Page.Place, Long> place : next.entrySet()) {
        batch.put(meta, nextKey(place.getKey()), bytes(place.getValue()));
      }
      for (Map.Entry<Integer, Instant> partition : since.entrySet()) {
        batch.put(meta, sinceKey(partition.getKey()), bytes(partition.getValue().toEpochMilli()));
      }
      database.write(writing, batch);
    }
  }

  /** The id of a topic as it was when recording began. */
  Optional<String> topicId(String topic) throws RocksDBException {
    return Optional.ofNullable(database.get(meta, topicKey(topic)))
        .map(id -> new String(id, StandardCharsets.UTF_8));
  }

  /** Where to go on in a topic. */
  OptionalLong next(Page.Place place) throws RocksDBException {
    return number(nextKey(place)).map(OptionalLong::of).orElse(OptionalLong.empty());
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
            reports,
            reportKey(
                report.store(),
                report.partition(),
                report.lastOffset(),
                micros(report.appliedAt())),
            bytes(report.firstOffset()));
      }
      for (Mark mark : page.marks()) {
        batch.put(
            marks,
            markKey(mark.partition(), mark.position()),
            ByteBuffer.allocate(16)
                .putLong(micros(mark.gateTime()))
                .putLong(mark.offset())
                .array());
      }
      for (Map.Entry<Page.Place, Long> place : page.next().entrySet()) {
        batch.put(meta, nextKey(place.getKey()), bytes(place.getValue()));
      }
      batch.put(meta, PAGES, bytes(pages + 1));
      database.write(writing, batch);
    }
    pages++;
  }

  private void put(WriteBatch batch, Subject subject, Collection<LoggedRecord> records)
      throws RocksDBException {
    byte[] identity = subject.bytes();
    // The newest piece of a subject comes first.
    batch.put(events, eventKey(identity, Long.MAX_VALUE - pages), Piece.encode(records));
  }

  @Override
  public List<LoggedRecord> newest(Subject subject, int limit) {
    byte[] identity = subject.bytes();
    byte[] prefix = Arrays.copyOf(eventKey(identity, 0), Long.BYTES);
    List<LoggedRecord> newest = new ArrayList<>();
    try (RocksIterator pieces = database.newIterator(events, ofOnePrefix)) {
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
    byte[] prefix = Arrays.copyOf(eventKey(identity, 0), Long.BYTES);
    try (RocksIterator pieces = database.newIterator(events, inOrder)) {
      for (pieces.seekForPrev(eventKey(identity, Long.MAX_VALUE));
          pieces.isValid() && startsWith(pieces.key(), prefix);
          pieces.prev()) {
        if (Arrays.equals(pieces.key(), eventKey(identity, Long.MAX_VALUE))) {
          // The very first page is still there.
          break;
        }
        for (LoggedRecord span : piece(identity, pieces)) {
          if (span.offset() == partition) {
            return Optional.of(Instant.ofEpochMilli(span.timestampMillis()));
          }
        }
      }
      check(pieces);
      return number(sinceKey(partition)).map(Instant::ofEpochMilli);
    } catch (RocksDBException e) {
      throw new LineageUnavailableException("the files cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public List<Report> reportsFrom(String store, int partition, long offset) {
    List<Report> found = new ArrayList<>();
    try (RocksIterator rounds = database.newIterator(reports, inOrder)) {
      for (rounds.seek(reportKey(store, partition, offset, 0));
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
    try (RocksIterator rounds = database.newIterator(reports, inOrder)) {
      rounds.seekForPrev(reportKey(store, partition, Long.MAX_VALUE, Long.MAX_VALUE));
      Optional<Report> last =
          rounds.isValid() && isOf(store, partition, rounds.key())
              ? Optional.of(report(store, partition, rounds))
              : Optional.empty();
      check(rounds);
      return last;
    }
  }

  private static boolean isOf(String store, int partition, byte[] key) {
    byte[] first = reportKey(store, partition, 0, 0);
    return key.length == first.length
        && startsWith(key, Arrays.copyOf(first, first.length - 2 * Long.BYTES));
  }

  private static Report report(String store, int partition, RocksIterator at) {
    byte[] key = at.key();
    ByteBuffer end = ByteBuffer.wrap(key, key.length - 2 * Long.BYTES, 2 * Long.BYTES);
    return new Report(
        store,
        partition,
        ByteBuffer.wrap(at.value()).getLong(),
        end.getLong(),
        instant(end.getLong()));
  }

  @Override
  public Optional<Mark> markBelow(int partition, Position position) {
    try (RocksIterator found = database.newIterator(marks, inOrder)) {
      found.seekForPrev(markKey(partition, position));
      if (found.isValid() && Arrays.equals(found.key(), markKey(partition, position))) {
        found.prev();
      }
      return mark(partition, found);
    }
  }

  @Override
  public Optional<Mark> markAbove(int partition, Position position) {
    try (RocksIterator found = database.newIterator(marks, inOrder)) {
      found.seek(markKey(partition, position));
      if (found.isValid() && Arrays.equals(found.key(), markKey(partition, position))) {
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
            instant(value.getLong()),
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
    byte @Nullable [] value = database.get(meta, key);
    return value == null ? Optional.empty() : Optional.of(ByteBuffer.wrap(value).getLong());
  }

  /** The hash makes the prefix, the turn the order; the subject tells apart who share a hash. */
  private static byte[] eventKey(byte[] identity, long turn) {
    return ByteBuffer.allocate(2 * Long.BYTES + identity.length)
        .putLong(Subject.hash(identity))
        .putLong(turn)
        .put(identity)
        .array();
  }

  private static List<LoggedRecord> piece(byte[] identity, RocksIterator at) {
    byte[] key = at.key();
    return Arrays.equals(key, 2 * Long.BYTES, key.length, identity, 0, identity.length)
        ? Piece.decode(at.value())
        : List.of();
  }

  private static byte[] reportKey(
      String store, int partition, long lastOffset, long appliedMicros) {
    byte[] name = store.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(name.length + 1 + Integer.BYTES + 2 * Long.BYTES)
        .put(name)
        .put((byte) 0)
        .putInt(partition)
        .putLong(lastOffset)
        .putLong(appliedMicros)
        .array();
  }

  private static byte[] markKey(int partition, Position position) {
    return ByteBuffer.allocate(Integer.BYTES + 2 * Long.BYTES)
        .putInt(partition)
        .putLong(position.epoch())
        .putLong(position.lsn())
        .array();
  }

  private static byte[] topicKey(String topic) {
    return ("topic:" + topic).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] nextKey(Page.Place place) {
    return ("next:" + place.topic() + ":" + place.partition()).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] sinceKey(int partition) {
    return ("since:" + partition).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  private static boolean startsWith(byte[] key, byte[] prefix) {
    return key.length >= prefix.length
        && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
  }

  private static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        throw new LineageUnavailableException("the files cannot be closed: " + e.getMessage(), e);
      }
    }
  }
}
