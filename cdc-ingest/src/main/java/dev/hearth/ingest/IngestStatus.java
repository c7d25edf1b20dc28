package dev.hearth.ingest;

import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What an ingest tells of itself by its readiness and gauges. Written by the ingest's threads, read
 * by any.
 */
final class IngestStatus {
  private final AtomicInteger held = new AtomicInteger();
  private final AtomicLong retainedWal = new AtomicLong();
  private final AtomicInteger snapshotRunning = new AtomicInteger();
  private volatile String state = "not started";
  private volatile boolean streaming;
  private volatile boolean progressed;

  /** From now on it is told. */
  void register(Metrics metrics, Health health) {
    metrics.gauge(Metric.GATE_HELD, held::get);
    metrics.gauge(Metric.SOURCE_RETAINED_WAL, retainedWal::get);
    metrics.gauge(Metric.SNAPSHOT_RUNNING, snapshotRunning::get);
    health.readiness(
        "ingest", () -> streaming ? Readiness.ready(state) : Readiness.notReady(state));
  }

  /** Received and not yet visible. */
  AtomicInteger held() {
    return held;
  }

  /** Bytes of log that the slot retains. */
  AtomicLong retainedWal() {
    return retainedWal;
  }

  /** 1 while a snapshot runs. */
  AtomicInteger snapshotRunning() {
    return snapshotRunning;
  }

  /** What it does just now, or why it does nothing. */
  void state(String now) {
    state = now;
  }

  /** Another session is tried. */
  void begins() {
    progressed = false;
  }

  /**
   * A session had a turn.
   *
   * @param moved whether the session has moved the watermark
   */
  void progressed(boolean moved) {
    progressed = moved;
    streaming = moved;
  }

  /** The session ended, whatever the reason. */
  void ends() {
    streaming = false;
  }

  /** Whether changes are being followed now. */
  boolean isStreaming() {
    return streaming;
  }

  /** Whether the present session, or the last one, has moved the watermark. */
  boolean hasProgressed() {
    return progressed;
  }
}
