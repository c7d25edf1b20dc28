package dev.hearth.invalidator.lineage;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
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
import org.rocksdb.WriteOptions;

/**
 * RocksDB as the pages need it: what is opened, and how it is bounded. See {@link LineageFiles}.
 */
final class LineageDatabase implements AutoCloseable {
  private static final long SMALLEST_BUFFER_BYTES = 64 << 10;
  private static final long LARGEST_BUFFER_BYTES = 16 << 20;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  final RocksDB database;
  final ColumnFamilyHandle meta;
  final ColumnFamilyHandle events;
  final ColumnFamilyHandle reports;
  final ColumnFamilyHandle marks;
  final ReadOptions ofOnePrefix;
  final ReadOptions inOrder;
  final WriteOptions writing;

  LineageDatabase(Path directory, LineageLimits limits) throws RocksDBException {
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
      open = true;
    } finally {
      if (!open) {
        close();
      }
    }
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
