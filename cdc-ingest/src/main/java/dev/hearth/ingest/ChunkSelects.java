package dev.hearth.ingest;

import dev.hearth.ingest.decode.TableShape;
import dev.hearth.ingest.rows.SnapshotPass;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Selects the chunks of snapshots, on a thread and a connection of its own. Called by the loop's
 * thread.
 */
final class ChunkSelects implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkSelects.class);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);

  /** Makes the connection. */
  interface Reading {
    ChunkReader open() throws SQLException;
  }

  private final Reading reading;
  private final AtomicReference<@Nullable ChunkReader> reader = new AtomicReference<>();
  private final ExecutorService selects =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "ingest-snapshot");
            thread.setDaemon(true);
            return thread;
          });

  ChunkSelects(Reading reading) {
    this.reading = reading;
  }

  /**
   * Begins a select; after one that failed, on another connection.
   *
   * @param most rows of a step that does not name them
   */
  Future<ChunkReader.Chunk> begin(
      TableShape shape, Set<String> columns, SnapshotPass.Step step, int most) {
    return selects.submit(() -> select(shape, columns, step, most));
  }

  private ChunkReader.Chunk select(
      TableShape shape, Set<String> columns, SnapshotPass.Step step, int most) throws SQLException {
    ChunkReader open = reader.get();
    if (open == null) {
      open = reading.open();
      reader.set(open);
    }
    try {
      return step instanceof SnapshotPass.SelectRows some
          ? open.rows(shape, columns, some.keys())
          : open.after(shape, columns, ((SnapshotPass.SelectAfter) step).place(), most);
    } catch (SQLException | RuntimeException e) {
      reader.set(null);
      open.close();
      throw e;
    }
  }

  @Override
  public void close() {
    selects.shutdownNow();
    ChunkReader open = reader.getAndSet(null);
    if (open != null) {
      try {
        open.close();
      } catch (SQLException e) {
        LOG.debug("a connection did not close", e);
      }
    }
    try {
      if (!selects.awaitTermination(CLOSE_BOUND.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("a select of a snapshot does not end waitedSeconds={}", CLOSE_BOUND.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
