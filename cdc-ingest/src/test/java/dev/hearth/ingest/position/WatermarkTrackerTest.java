package dev.hearth.ingest.position;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.position.Watermark;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WatermarkTrackerTest {
  private static final long EPOCH = 3;

  private final WatermarkTracker tracker = new WatermarkTracker(Instant.EPOCH);

  @Test
  void vouchesForNothingBeforeAnythingIsOut() {
    received(0, 10, 101);
    tracker.asked(snapshot("110:110:", 20, 1));

    assertThat(tracker.watermark(EPOCH)).isEqualTo(Optional.empty());
  }

  @Test
  void standsAtTheHighestLsnOfThePrefixThatIsOut() {
    received(0, 10, 101);
    received(1, 40, 101);
    received(2, 30, 102);
    received(3, 60, 103);

    tracker.acknowledged(3);
    tracker.acknowledged(1);
    assertThat(tracker.watermark(EPOCH)).isEqualTo(Optional.empty());
    tracker.acknowledged(0);

    assertThat(lsn(tracker)).isEqualTo(40);
    tracker.acknowledged(2);
    tracker.acknowledged(2);
    assertThat(lsn(tracker)).isEqualTo(60);
    assertThat(tracker.isSettled()).isTrue();
  }

  @Test
  void aStuckCommitHoldsThePositionAndNotTheGateTime() {
    received(0, 10, 101);
    received(1, 20, 105);
    received(2, 30, 102);
    tracker.acknowledged(0);
    tracker.acknowledged(2);

    tracker.asked(snapshot("105:110:105", 30, 7));

    assertThat(lsn(tracker)).isEqualTo(10);
    assertThat(gateTime(tracker)).isEqualTo(Instant.ofEpochSecond(7));
    assertThat(tracker.acknowledgedBefore(3)).isEqualTo(1);
  }

  @Test
  void theGateTimeWaitsUntilTheStreamHasPassedWhatWasVisible() {
    received(0, 10, 101);
    tracker.acknowledged(0);
    tracker.asked(snapshot("110:110:", 30, 7));
    assertThat(gateTime(tracker)).isEqualTo(Instant.EPOCH);

    received(1, 30, 102);
    tracker.asked(snapshot("110:110:", 30, 8));
    assertThat(gateTime(tracker)).isEqualTo(Instant.EPOCH);
    tracker.acknowledged(1);
    tracker.asked(snapshot("110:110:", 40, 9));

    assertThat(gateTime(tracker)).isEqualTo(Instant.ofEpochSecond(7));
  }

  @Test
  void theGateTimeOfEarlierSessionsStays() {
    WatermarkTracker later = new WatermarkTracker(Instant.ofEpochSecond(50));
    later.received(new Captured<>(0, 10, 101, 0, ""));
    later.acknowledged(0);
    later.asked(snapshot("110:110:", 10, 7));

    assertThat(gateTime(later)).isEqualTo(Instant.ofEpochSecond(50));
  }

  @Test
  void agreesWithANaiveModelOverRandomHistories() {
    Cases.check(
        300,
        random -> {
          Model model = new Model(random);
          for (int step = 0; step < 400; step++) {
            model.step();
            model.check();
          }
          model.finish();
          model.check();
        });
  }

  private void received(long sequence, long lsn, long transaction) {
    tracker.received(new Captured<>(sequence, lsn, transaction, 0, ""));
  }

  private static GateSnapshot snapshot(String text, long lsn, long second) {
    return GateSnapshot.parse(text, lsn, lsn, Instant.ofEpochSecond(second));
  }

  private static long lsn(WatermarkTracker tracker) {
    return tracker.watermark(EPOCH).orElseThrow().position().lsn();
  }

  private static Instant gateTime(WatermarkTracker tracker) {
    return tracker.watermark(EPOCH).orElseThrow().gateTime();
  }

  /**
   * A database, its log and the stream of it, each in the plainest way: transactions interleave
   * their rows, commit, are flushed, become visible in any order, and are streamed in the order of
   * their commit records.
   */
  private static final class Model {
    private static final class Transaction {
      private final long id;
      private final List<Long> rows = new ArrayList<>();
      private long commitStart;
      private long commitEnd;
      private boolean visible;
      private int streamed;
      private int out;

      private Transaction(long id) {
        this.id = id;
      }

      private boolean isOut() {
        return out == rows.size();
      }
    }

    private record Sent(Captured<Transaction> captured) {}

    private final Random random;
    private final WatermarkTracker tracker = new WatermarkTracker(Instant.EPOCH);
    private final VisibilityGate<Transaction> gate = new VisibilityGate<>();
    private final List<Transaction> open = new ArrayList<>();
    private final List<Transaction> committed = new ArrayList<>();
    private final List<Captured<Transaction>> received = new ArrayList<>();
    private final List<Sent> unacknowledged = new ArrayList<>();
    private final Set<Long> acknowledged = new HashSet<>();
    private final Map<Instant, List<Transaction>> visibleAt = new HashMap<>();
    private long nextId = (1L << 33) - 20;
    private long insertLsn = 1000;
    private long flushLsn = 1000;
    private long seconds;
    private int streaming;
    private long lastCommit;
    private @Nullable Watermark last;

    private Model(Random random) {
      this.random = random;
    }

    private void step() {
      switch (random.nextInt(8)) {
        case 0 -> begin();
        case 1 -> {
          if (!open.isEmpty()) {
            write(any(open));
          }
        }
        case 2 -> {
          if (!open.isEmpty()) {
            commit(any(open));
          }
        }
        case 3 -> flushLsn = insertLsn;
        case 4 -> {
          if (!committed.isEmpty()) {
            any(committed).visible = true;
          }
        }
        case 5 -> stream();
        case 6 -> ask();
        default -> {
          if (!unacknowledged.isEmpty()) {
            acknowledge(any(unacknowledged));
          }
        }
      }
    }

    private <E> E any(List<E> elements) {
      return elements.get(random.nextInt(elements.size()));
    }

    private long log() {
      insertLsn += 8L * (1 + random.nextInt(20));
      return insertLsn;
    }

    private void begin() {
      long id = nextId++;
      if ((id & 0xFFFF_FFFFL) >= 3) {
        open.add(new Transaction(id));
      }
    }

    private void write(Transaction transaction) {
      transaction.rows.add(insertLsn);
      log();
    }

    private void commit(Transaction transaction) {
      if (transaction.rows.isEmpty()) {
        write(transaction);
      }
      transaction.commitStart = insertLsn;
      transaction.commitEnd = log();
      open.remove(transaction);
      committed.add(transaction);
    }

    /** One more record, if the next transaction of the log has been flushed. */
    private boolean stream() {
      if (streaming == committed.size() || committed.get(streaming).commitEnd > flushLsn) {
        return false;
      }
      Transaction transaction = committed.get(streaming);
      long row = transaction.rows.get(transaction.streamed++);
      Captured<Transaction> captured =
          new Captured<>(
              received.size(),
              Math.max(row, lastCommit),
              transaction.id & 0xFFFF_FFFFL,
              0,
              transaction);
      received.add(captured);
      gate.hold(captured);
      tracker.received(captured);
      if (transaction.streamed == transaction.rows.size()) {
        lastCommit = transaction.commitStart;
        streaming++;
      }
      return true;
    }

    private void ask() {
      Instant now = Instant.ofEpochSecond(++seconds);
      Set<Long> running = new HashSet<>();
      open.forEach(transaction -> running.add(transaction.id));
      List<Transaction> visible = new ArrayList<>();
      for (Transaction transaction : committed) {
        if (transaction.visible) {
          visible.add(transaction);
        } else {
          running.add(transaction.id);
        }
      }
      long xmin = running.stream().mapToLong(Long::longValue).min().orElse(nextId);
      GateSnapshot snapshot = new GateSnapshot(xmin, nextId, running, flushLsn, insertLsn, now);
      visibleAt.put(now, visible);
      gate.pass(snapshot).forEach(passed -> unacknowledged.add(new Sent(passed)));
      tracker.asked(snapshot);
    }

    private void acknowledge(Sent sent) {
      unacknowledged.remove(sent);
      acknowledged.add(sent.captured().sequence());
      sent.captured().payload().out++;
      tracker.acknowledged(sent.captured().sequence());
    }

    private void check() {
      long expected = 0;
      long firstNotOut = received.size();
      for (Captured<Transaction> captured : received) {
        if (!acknowledged.contains(captured.sequence())) {
          firstNotOut = captured.sequence();
          break;
        }
        expected = Math.max(expected, captured.lsn());
      }
      assertThat(tracker.acknowledgedBefore(received.size())).isEqualTo(firstNotOut);
      Optional<Watermark> watermark = tracker.watermark(EPOCH);
      if (expected == 0) {
        assertThat(watermark).isEqualTo(Optional.empty());
        return;
      }
      Watermark now = watermark.orElseThrow();
      assertThat(now.position().lsn()).isEqualTo(expected);
      for (Transaction transaction : committed) {
        if (transaction.commitEnd <= now.position().lsn()) {
          assertThat(transaction.isOut())
              .as("W %d vouches for commit %d", now.position().lsn(), transaction.commitEnd)
              .isTrue();
        }
      }
      visibleAt
          .getOrDefault(now.gateTime(), List.of())
          .forEach(
              transaction ->
                  assertThat(transaction.isOut())
                      .as("visible at %s: %d", now.gateTime(), transaction.id)
                      .isTrue());
      if (last != null) {
        assertThat(now.position()).isGreaterThanOrEqualTo(last.position());
        assertThat(now.gateTime()).isAfterOrEqualTo(last.gateTime());
      }
      last = now;
    }

    /** Everything comes to rest: then nothing may be left unvouched. */
    private void finish() {
      new ArrayList<>(open).forEach(this::commit);
      settle();
      long written = insertLsn;
      Instant restedAt = Instant.ofEpochSecond(seconds);
      heartbeat();
      heartbeat();

      Watermark end = tracker.watermark(EPOCH).orElseThrow();
      assertThat(end.position().lsn()).isGreaterThanOrEqualTo(written);
      assertThat(end.gateTime()).isAfterOrEqualTo(restedAt);
      assertThat(tracker.isSettled()).isTrue();
    }

    private void heartbeat() {
      long id;
      do {
        id = nextId++;
      } while ((id & 0xFFFF_FFFFL) < 3);
      Transaction beat = new Transaction(id);
      open.add(beat);
      commit(beat);
      settle();
    }

    private void settle() {
      flushLsn = insertLsn;
      committed.forEach(transaction -> transaction.visible = true);
      boolean more = true;
      while (more) {
        more = stream();
      }
      ask();
      while (!unacknowledged.isEmpty()) {
        acknowledge(any(unacknowledged));
      }
      ask();
    }
  }
}
