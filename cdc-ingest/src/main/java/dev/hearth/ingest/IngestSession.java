package dev.hearth.ingest;

import dev.hearth.chassis.metrics.LagTimer;
import dev.hearth.ingest.capture.LogEngine;
import dev.hearth.ingest.decode.ChangeDecoder;
import dev.hearth.ingest.decode.Decoded;
import dev.hearth.ingest.position.Captured;
import dev.hearth.ingest.position.Checkpoints;
import dev.hearth.ingest.position.GateSnapshot;
import dev.hearth.ingest.position.VisibilityGate;
import dev.hearth.ingest.position.WatermarkTracker;
import dev.hearth.ingest.publish.ChangePublisher;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * One connected stretch of following the log: receive, hold at the gate, publish, confirm. It ends
 * with the first thing that goes wrong; the next session starts where the slot stands, so that what
 * was not surely published is streamed again.
 *
 * <p>Two threads: the one that reads the log calls {@link #receive}, the loop's calls {@link
 * #turn}.
 */
final class IngestSession implements LogEngine.Receiver, AutoCloseable {
  /** Received and not yet published; above it, reading stops. */
  private static final int HOLD_CAPACITY = 50_000;

  /** How soon the gate is asked again about what it holds, at first. */
  private static final Duration RECHECK = Duration.ofMillis(1);

  /**
   * How soon at last: a commit that waits for an absent standby for hours must not cost the primary
   * a thousand queries a second.
   */
  private static final Duration SLOWEST_RECHECK = Duration.ofMillis(20);

  /** At most one watermark in this time, so that marks stay few beside changes. */
  private static final Duration WATERMARK_INTERVAL = Duration.ofMillis(20);

  /** How soon the engine's thread notices that nobody makes room any more. */
  private static final Duration OVER_CHECK = Duration.ofMillis(100);

  /** No LSN: PostgreSQL has none of zero. */
  private static final long NOTHING = 0;

  private record Received(Decoded decoded, long confirmable, Instant capturedAt) {}

  /** Asks what readers can see; an interface for the test that switches the gate off. */
  interface Visibility {
    GateSnapshot ask() throws SQLException;
  }

  /** Is told of each change by the loop's thread, as it is published. */
  interface Audience {
    /**
     * A change is published.
     *
     * @param key its record key; empty where it does not say which row it is of
     */
    void published(Optional<String> key, ChangeEvent change);
  }

  /** What a session measures. */
  record Measures(
      LagTimer commitToCapture, Timer visibilityWait, AtomicInteger held, Counter deadLetters) {}

  private final ChangeDecoder decoder;
  private final Visibility visibility;
  private final ChangePublisher publisher;
  private final Audience audience;
  private final Measures measures;
  private final Clock clock;
  private final BlockingQueue<Captured<Received>> incoming =
      new ArrayBlockingQueue<>(HOLD_CAPACITY);
  private final VisibilityGate<Received> gate = new VisibilityGate<>();
  private final WatermarkTracker tracker;
  private final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
  private final Checkpoints checkpoints = new Checkpoints();
  private final AtomicLong confirmed = new AtomicLong(NOTHING);
  private volatile boolean over;
  private long epoch;
  private Duration recheck = RECHECK;
  private long nextSequence;
  private long seenSequence;
  private long lastWatermarkNanos = System.nanoTime() - WATERMARK_INTERVAL.toNanos();
  private Optional<Watermark> lastWatermark = Optional.empty();

  IngestSession(
      long epoch,
      Instant gateTime,
      ChangeDecoder decoder,
      Visibility visibility,
      ChangePublisher publisher,
      Audience audience,
      Measures measures,
      Clock clock) {
    this.epoch = epoch;
    this.tracker = new WatermarkTracker(gateTime);
    this.decoder = decoder;
    this.visibility = visibility;
    this.publisher = publisher;
    this.audience = audience;
    this.measures = measures;
    this.clock = clock;
  }

  /** Whether a watermark was published. For the loop's thread. */
  boolean hasProgressed() {
    return lastWatermark.isPresent();
  }

  /**
   * An LSN: everything with a commit record at or before it is published; 0 where nothing is. For
   * the loop's thread.
   */
  long publishedUpTo() {
    return tracker.watermark(epoch).map(watermark -> watermark.position().lsn()).orElse(NOTHING);
  }

  /** Whether changes wait for this thread. Any thread. */
  boolean isBehind() {
    return !incoming.isEmpty();
  }

  /** From the next turn on, positions are of this epoch. For the loop's thread. */
  void enter(long nextEpoch) {
    epoch = nextEpoch;
  }

  @Override
  public void receive(SourceRecord record) throws InterruptedException {
    for (Decoded decoded : decoder.decode(record)) {
      Captured<Received> captured =
          new Captured<>(
              nextSequence++,
              ChangeDecoder.streamedUpTo(record, decoded),
              decoded.transaction(),
              System.nanoTime(),
              new Received(decoded, ChangeDecoder.confirmable(record), clock.instant()));
      while (!incoming.offer(captured, OVER_CHECK.toMillis(), TimeUnit.MILLISECONDS)) {
        if (over) {
          throw new InterruptedException("the session is over");
        }
      }
    }
  }

  @Override
  public OptionalLong confirmed() {
    long lsn = confirmed.getAndSet(NOTHING);
    return lsn == NOTHING ? OptionalLong.empty() : OptionalLong.of(lsn);
  }

  /** Nothing more is taken: lets the engine's thread go that waits for room. Any thread. */
  @Override
  public void close() {
    over = true;
  }

  /**
   * One turn of the loop: takes what came, asks the gate, publishes what passes, moves the
   * watermark. Waits at most {@code idle} when there is nothing to do.
   *
   * @return what the gate answered, empty where it was not asked
   */
  Optional<GateSnapshot> turn(Duration idle) throws SQLException, InterruptedException {
    publisher.failIfBroken();
    Duration wait = gate.isEmpty() && tracker.isSettled() ? idle : recheck;
    if (gate.size() >= HOLD_CAPACITY) {
      // Nothing more is taken in; the engine's thread waits in receive.
      LockSupport.parkNanos(recheck.toNanos());
    } else {
      Captured<Received> next = incoming.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
      while (next != null) {
        recheck = RECHECK;
        take(next);
        next = gate.size() < HOLD_CAPACITY ? incoming.poll() : null;
      }
    }
    Optional<GateSnapshot> asked = Optional.empty();
    if (!gate.isEmpty()) {
      GateSnapshot snapshot = visibility.ask();
      asked = Optional.of(snapshot);
      List<Captured<Received>> passed = gate.pass(snapshot);
      for (Captured<Received> captured : passed) {
        publish(captured, snapshot);
      }
      tracker.asked(snapshot);
      recheck = passed.isEmpty() ? slower(recheck) : RECHECK;
    }
    drainAcknowledged();
    publishWatermark();
    measures.held().set(gate.size());
    return asked;
  }

  private static Duration slower(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(SLOWEST_RECHECK) < 0 ? twice : SLOWEST_RECHECK;
  }

  private void take(Captured<Received> captured) {
    seenSequence = captured.sequence() + 1;
    gate.hold(captured);
    tracker.received(captured);
    checkpoints.received(
        captured.sequence(), captured.receivedNanos(), captured.payload().confirmable());
  }

  private void publish(Captured<Received> captured, GateSnapshot snapshot) {
    measures
        .visibilityWait()
        .record(System.nanoTime() - captured.receivedNanos(), TimeUnit.NANOSECONDS);
    long sequence = captured.sequence();
    Runnable onAcknowledged = () -> acknowledged.add(sequence);
    Decoded decoded = captured.payload().decoded();
    if (decoded instanceof Decoded.Beat) {
      tracker.acknowledged(sequence);
    } else if (decoded instanceof Decoded.Change change) {
      measures
          .commitToCapture()
          .record(Duration.between(change.committedAt(), captured.payload().capturedAt()));
      publish(
          VisibleChange.of(change, epoch, snapshot, captured.payload().capturedAt()),
          onAcknowledged);
    } else if (decoded instanceof Decoded.Refusal refusal) {
      publisher.deadLetter(
          refusal.table(),
          "change of " + refusal.table() + " at " + new Position(epoch, refusal.lsn()),
          refusal.reason());
      measures.deadLetters().increment();
      publish(
          VisibleChange.of(refusal, epoch, snapshot, captured.payload().capturedAt()),
          onAcknowledged);
    }
  }

  /**
   * Publishes that anything may have changed in a table. For the loop's thread.
   *
   * @param acknowledged runs once the broker has it
   */
  void distrust(String table, GateSnapshot snapshot, Runnable acknowledged) {
    publish(VisibleChange.ofTable(table, epoch, snapshot, clock.instant()), acknowledged);
  }

  private void publish(VisibleChange change, Runnable acknowledged) {
    audience.published(change.row(), change.event());
    publisher.publish(change.key(), change.event(), acknowledged);
  }

  private void drainAcknowledged() {
    for (Long sequence = acknowledged.poll(); sequence != null; sequence = acknowledged.poll()) {
      tracker.acknowledged(sequence);
    }
  }

  /**
   * Publishes the watermark where it moved. The slot is confirmed up to a record only after a
   * watermark that covers it is on the topic: so the slot never stands beyond what was published,
   * and a slot that does was moved by somebody else.
   */
  private void publishWatermark() {
    long now = System.nanoTime();
    if (now - lastWatermarkNanos < WATERMARK_INTERVAL.toNanos()) {
      return;
    }
    Optional<Watermark> watermark = tracker.watermark(epoch);
    if (watermark.isEmpty() || watermark.equals(lastWatermark)) {
      return;
    }
    OptionalLong covered = checkpoints.takeBefore(tracker.acknowledgedBefore(seenSequence));
    publisher.publish(watermark.get(), () -> covered.ifPresent(confirmed::set));
    lastWatermark = watermark;
    lastWatermarkNanos = now;
  }
}
