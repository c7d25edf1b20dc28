package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.rocksdb.RocksDBException;

/**
 * The last events of every subject: the page that is being filled, the one that is being written,
 * and the files. Reading is for any thread; everything else for one. What is not in the files when
 * the process ends is read from the topics again.
 */
final class LineageIndex implements AutoCloseable {
  private final Path directory;
  private final LineageLimits limits;
  private final LineageFiles files;
  private final Object pages = new Object();
  private Page current;
  private Optional<Page> inWriting = Optional.empty();

  /** Held for reading while the files are read: they must not be closed under a reader. */
  private final ReadWriteLock closing = new ReentrantReadWriteLock();

  private boolean closed;

  private LineageIndex(Path directory, LineageLimits limits, LineageFiles files) {
    this.directory = directory;
    this.limits = limits;
    this.files = files;
    this.current = new Page(limits.eventsOfAKey());
  }

  /**
   * Opens the index in a directory, which is made where it is missing.
   *
   * @throws LineageUnavailableException where it cannot be used
   */
  static LineageIndex open(Path directory, LineageLimits limits) {
    try {
      Files.createDirectories(directory);
      return new LineageIndex(directory, limits, LineageFiles.open(directory, limits));
    } catch (IOException | RocksDBException e) {
      throw new LineageUnavailableException(
          "directory " + directory + " cannot be used: " + e.getMessage(), e);
    }
  }

  /** Removes what is in a directory; nobody may have it open. */
  static void destroy(Path directory) {
    try {
      LineageFiles.destroy(directory);
    } catch (RocksDBException e) {
      throw new LineageUnavailableException(
          "directory " + directory + " cannot be emptied: " + e.getMessage(), e);
    }
  }

  /** See {@link LineageFiles#begin}. */
  void begin(
      Map<String, String> topicIds, Map<Page.Place, Long> next, Map<Integer, Instant> since) {
    try {
      files.begin(topicIds, next, since);
    } catch (RocksDBException e) {
      throw unwritable(e);
    }
  }

  Optional<String> topicId(String topic) {
    try {
      return files.topicId(topic);
    } catch (RocksDBException e) {
      throw unwritable(e);
    }
  }

  OptionalLong next(Page.Place place) {
    try {
      return files.next(place);
    } catch (RocksDBException e) {
      throw unwritable(e);
    }
  }

  /** Changes the page that is being filled; quick, for readers wait. */
  void update(Consumer<Page> change) {
    synchronized (pages) {
      change.accept(current);
    }
  }

  /** Whether the page is full. */
  boolean isDue() {
    synchronized (pages) {
      return current.bytes() >= limits.pageBytes();
    }
  }

  /** Writes the page to the files, if there is anything in it. */
  void flush() {
    Page full;
    synchronized (pages) {
      if (current.isEmpty()) {
        return;
      }
      full = current;
      inWriting = Optional.of(full);
      current = new Page(limits.eventsOfAKey());
    }
    try {
      files.write(full);
    } catch (RocksDBException e) {
      throw unwritable(e);
    }
    synchronized (pages) {
      inWriting = Optional.empty();
    }
  }

  private LineageUnavailableException unwritable(RocksDBException failure) {
    return new LineageUnavailableException(
        "directory " + directory + " cannot be used: " + failure.getMessage(), failure);
  }

  /**
   * Reads.
   *
   * @throws LineageUnavailableException where it is closed or cannot be read
   */
  <T> T read(Function<Recorded, T> question) {
    closing.readLock().lock();
    try {
      if (closed) {
        throw new LineageUnavailableException("it is stopping");
      }
      return question.apply(new Everything());
    } finally {
      closing.readLock().unlock();
    }
  }

  /** Bytes of all files. */
  long diskBytes() {
    try (Stream<Path> all = Files.list(directory)) {
      return all.mapToLong(LineageIndex::size).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      // Thrown away meanwhile.
      return 0;
    }
  }

  /** Closes the files; what was not flushed is read again at the next start. */
  @Override
  public void close() {
    closing.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        files.close();
      }
    } finally {
      closing.writeLock().unlock();
    }
  }

  /** The pages and the files as one. */
  private final class Everything implements Recorded {
    private <T> List<T> ofAll(Function<Recorded, T> question) {
      List<T> answers = new ArrayList<>();
      // In the order of age, so that what moves from page to file meanwhile is met twice, not
      // never.
      synchronized (pages) {
        answers.add(question.apply(current));
        inWriting.ifPresent(page -> answers.add(question.apply(page)));
      }
      answers.add(question.apply(files));
      return answers;
    }

    @Override
    public List<LoggedRecord> newest(Subject subject, int limit) {
      Set<Long> met = new HashSet<>();
      return ofAll(each -> each.newest(subject, limit)).stream()
          .flatMap(List::stream)
          .filter(record -> met.add(record.offset()))
          .limit(limit)
          .toList();
    }

    @Override
    public List<Report> reportsFrom(String store, int partition, long offset) {
      return ofAll(each -> each.reportsFrom(store, partition, offset)).stream()
          .flatMap(List::stream)
          .distinct()
          .sorted(Comparator.comparingLong(Report::lastOffset).thenComparing(Report::appliedAt))
          .limit(MOST_REPORTS)
          .toList();
    }

    @Override
    public Optional<Report> lastReport(String store, int partition) {
      return ofAll(each -> each.lastReport(store, partition)).stream()
          .flatMap(Optional::stream)
          .max(Comparator.comparingLong(Report::lastOffset));
    }

    @Override
    public Optional<Mark> markBelow(int partition, Position position) {
      return ofAll(each -> each.markBelow(partition, position)).stream()
          .flatMap(Optional::stream)
          .max(Comparator.comparing(Mark::position));
    }

    @Override
    public Optional<Mark> markAbove(int partition, Position position) {
      return ofAll(each -> each.markAbove(partition, position)).stream()
          .flatMap(Optional::stream)
          .min(Comparator.comparing(Mark::position));
    }

    @Override
    public Optional<Instant> since(int partition) {
      return files.since(partition);
    }
  }
}
