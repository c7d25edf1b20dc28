package dev.hearth.ingest;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.ingest.decode.RecordKey;
import dev.hearth.ingest.decode.TableShape;
import dev.hearth.ingest.publish.ChangePublisher;
import dev.hearth.ingest.publish.SnapshotRequests;
import dev.hearth.ingest.rows.SelectedRow;
import dev.hearth.ingest.rows.SnapshotPass;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests for rows during one session, one at a time. Another thread selects; everything
 * else is done by the loop that publishes, between the changes, a little in each turn: so what is
 * published while a chunk is selected is noted without a gap. A session that ends leaves the
 * request where it is, and the next one begins the pass again.
 */
final class Snapshots implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

  private static final int CHUNK_ROWS = 2_000;
  private static final int FEWEST_CHUNK_ROWS = 50;

  /** Rows published in one turn of the loop, while no change waits and while some do. */
  private static final int ROWS_WHEN_IDLE = 500;

  private static final int ROWS_WHEN_BUSY = 50;

  /** Published and not yet acknowledged: a change that comes next waits for no more than these. */
  private static final int MOST_UNACKNOWLEDGED = 1_000;

  /** A pass that had to begin again this often, or a select that failed this often, is given up. */
  private static final int MOST_ATTEMPTS = 5;

  private static final Duration PAUSE = Duration.ofMillis(500);

  /** Refused for good: syntax, privileges, names. */
  private static final String REFUSED_STATES = "42";

  /** A request and how far it is answered. */
  private static final class Running {
    private final SnapshotRequest request;
    private final TableShape shape;
    private final Set<String> columns;
    private SnapshotPass pass;
    private final AtomicBoolean endAcknowledged = new AtomicBoolean();
    private boolean endSent;
    private int passes;
    private int failures;
    private int chunkRows = CHUNK_ROWS;
    private long rows;
    private long notBeforeNanos = System.nanoTime();

    private Running(SnapshotRequest request, TableShape shape) {
      this.request = request;
      this.shape = shape;
      this.columns = new TreeSet<>(request.columns());
      this.pass = new SnapshotPass(columns);
    }
  }

  private record Selecting(SnapshotPass.Step step, Future<ChunkReader.Chunk> chunk) {}

  private final Map<String, TableShape> shapes;
  private final SnapshotRequests requests;
  private final ChangePublisher publisher;
  private final ChunkSelects selects;
  private final Metrics metrics;
  private final AtomicInteger running;
  private final AtomicInteger unacknowledged = new AtomicInteger();
  private Optional<Running> current = Optional.empty();
  private Optional<Selecting> selecting = Optional.empty();

  /**
   * @param requests taken over
   * @param selects taken over
   * @param running set to 1 while a snapshot runs
   */
  Snapshots(
      Map<String, TableShape> shapes,
      SnapshotRequests requests,
      ChangePublisher publisher,
      ChunkSelects selects,
      Metrics metrics,
      AtomicInteger running) {
    this.shapes = Map.copyOf(shapes);
    this.requests = requests;
    this.publisher = publisher;
    this.selects = selects;
    this.metrics = metrics;
    this.running = running;
  }

  /** A change is published just now. */
  void published(Optional<String> key, ChangeEvent change) {
    current
        .filter(snapshot -> snapshot.request.table().equals(change.table()))
        .ifPresent(snapshot -> snapshot.pass.published(key, change));
  }

  /** Whether the next turn should come soon. */
  boolean isBusy() {
    return current.isPresent();
  }

  /**
   * Does what can be done without waiting.
   *
   * @param watermark everything with a commit record at or before it is published; 0: none yet
   * @param busy whether changes wait
   */
  void turn(long watermark, boolean busy) {
    current
        .filter(snapshot -> !requests.isOutstanding(snapshot.request))
        .ifPresent(snapshot -> finish(snapshot, "replaced"));
    if (current.isEmpty()) {
      requests.oldest().ifPresent(this::begin);
    }
    if (current.isEmpty()) {
      return;
    }
    Running snapshot = current.get();
    takeChunk(snapshot);
    int room = MOST_UNACKNOWLEDGED - unacknowledged.get();
    List<SelectedRow> rows =
        snapshot.pass.take(
            watermark, Math.min(Math.max(room, 0), busy ? ROWS_WHEN_BUSY : ROWS_WHEN_IDLE));
    rows.forEach(row -> publish(snapshot, row));
    step(snapshot);
  }

  private void begin(SnapshotRequest request) {
    Optional<String> refusal = SnapshotRefusal.of(request, shapes);
    if (refusal.isPresent()) {
      giveUp(request, refusal.get(), "refused");
      return;
    }
    TableShape shape = shapes.get(request.table());
    if (shape != null) {
      current = Optional.of(new Running(request, shape));
      running.set(1);
      LOG.info(
          "snapshot begins table={} columns={} id={}",
          request.table(),
          request.columns(),
          request.id());
    }
  }

  /** Nothing more is published; whoever asked goes on without the rows. */
  private void giveUp(SnapshotRequest request, String reason, String outcome) {
    LOG.warn(
        "snapshot given up table={} outcome={} reason=\"{}\"", request.table(), outcome, reason);
    publisher.deadLetter(
        request.table(),
        "snapshot " + request.id() + " of " + request.columns() + " of " + request.table(),
        reason);
    metrics.counter(Metric.DEAD_LETTERS, "ingest").increment();
    publisher.takeBack(request);
    requests.answered(request);
    ended(outcome);
  }

  private void ended(String outcome) {
    metrics.counter(Metric.SNAPSHOTS, outcome).increment();
    running.set(0);
    current = Optional.empty();
    selecting = Optional.empty();
  }

  private void finish(Running snapshot, String outcome) {
    LOG.info(
        "snapshot ends table={} id={} outcome={} rows={}",
        snapshot.request.table(),
        snapshot.request.id(),
        outcome,
        snapshot.rows);
    ended(outcome);
  }

  private void publish(Running snapshot, SelectedRow row) {
    unacknowledged.incrementAndGet();
    publisher.publish(
        row.key(),
        new SnapshotRow(
            snapshot.request.id(), snapshot.request.table(), new RowImage(row.columns())),
        unacknowledged::decrementAndGet);
    snapshot.rows++;
    metrics.counter(Metric.SNAPSHOT_ROWS).increment();
  }

  private void step(Running snapshot) {
    SnapshotPass.Step next = snapshot.pass.next();
    if (next instanceof SnapshotPass.BeginAgain) {
      // A select that still runs is for the pass before, and its chunk is not taken.
      selecting = Optional.empty();
      snapshot.pass = new SnapshotPass(snapshot.columns);
      snapshot.passes++;
      retry(snapshot, snapshot.passes, "a change did not say which row it was of");
    } else if (next instanceof SnapshotPass.End) {
      end(snapshot);
    } else if (!(next instanceof SnapshotPass.Wait)
        && selecting.isEmpty()
        && System.nanoTime() - snapshot.notBeforeNanos >= 0) {
      snapshot.pass.opened();
      selecting =
          Optional.of(
              new Selecting(
                  next, selects.begin(snapshot.shape, snapshot.columns, next, snapshot.chunkRows)));
    }
  }

  /** The request stays until the broker has the end; without it, the next session begins again. */
  private void end(Running snapshot) {
    SnapshotRequest request = snapshot.request;
    if (!snapshot.endSent) {
      snapshot.endSent = true;
      publisher.publish(
          RecordKey.of(request.table()),
          new SnapshotEnd(request.id(), request.table(), List.copyOf(snapshot.columns)),
          () -> snapshot.endAcknowledged.set(true));
    }
    if (snapshot.endAcknowledged.get()) {
      publisher.takeBack(request);
      requests.answered(request);
      finish(snapshot, "complete");
    }
  }

  private void takeChunk(Running snapshot) {
    if (selecting.isEmpty() || !selecting.get().chunk().isDone()) {
      return;
    }
    Selecting done = selecting.get();
    selecting = Optional.empty();
    try {
      ChunkReader.Chunk chunk = done.chunk().get();
      snapshot.pass.selected(done.step(), chunk.rows(), chunk.behind(), chunk.reached());
      snapshot.chunkRows = Math.min(CHUNK_ROWS, 2 * snapshot.chunkRows);
      snapshot.failures = 0;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      snapshot.pass.failed(done.step());
      snapshot.chunkRows = Math.max(FEWEST_CHUNK_ROWS, snapshot.chunkRows / 4);
      String reason = String.valueOf(cause.getMessage());
      if (cause instanceof SQLException refused
          && String.valueOf(refused.getSQLState()).startsWith(REFUSED_STATES)) {
        giveUp(snapshot.request, reason, "refused");
      } else {
        snapshot.failures++;
        retry(snapshot, snapshot.failures, reason);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void retry(Running snapshot, int attempts, String reason) {
    if (attempts > MOST_ATTEMPTS) {
      giveUp(snapshot.request, reason, "failed");
      return;
    }
    LOG.warn(
        "snapshot is read again table={} attempt={} reason=\"{}\"",
        snapshot.request.table(),
        attempts,
        reason);
    snapshot.notBeforeNanos = System.nanoTime() + PAUSE.toNanos() * attempts;
  }

  @Override
  public void close() {
    running.set(0);
    try {
      selects.close();
    } finally {
      requests.close();
    }
  }
}
