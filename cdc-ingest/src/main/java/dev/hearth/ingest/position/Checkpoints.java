package dev.hearth.ingest.position;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;

/**
 * Places to which the slot may be confirmed once everything before and at them is published. Few of
 * those that come are kept: a slot that is confirmed less far is safe. Deterministic and without
 * I/O; not thread-safe.
 */
public final class Checkpoints {
  /** How far apart they are. */
  static final Duration INTERVAL = Duration.ofMillis(100);

  /** Above it, every second one is forgotten. */
  static final int MOST = 10_000;

  /** No LSN: PostgreSQL has none of zero. */
  private static final long NOTHING = 0;

  private record Checkpoint(long sequence, long receivedNanos, long confirmable) {}

  private final Deque<Checkpoint> checkpoints = new ArrayDeque<>();

  /**
   * A record was received, in the order of sequence numbers.
   *
   * @param confirmable to which LSN the slot may be confirmed once it is published; 0: to none
   */
  public void received(long sequence, long receivedNanos, long confirmable) {
    Checkpoint last = checkpoints.peekLast();
    if (last == null || receivedNanos - last.receivedNanos() > INTERVAL.toNanos()) {
      checkpoints.addLast(new Checkpoint(sequence, receivedNanos, confirmable));
      if (checkpoints.size() > MOST) {
        boolean[] keep = {false};
        checkpoints.removeIf(checkpoint -> keep[0] = !keep[0]);
      }
    }
  }

  /**
   * Takes those of records below a sequence number, all of which are published.
   *
   * @return the LSN of the last of them; empty where there is none
   */
  public OptionalLong takeBefore(long sequence) {
    long last = NOTHING;
    while (!checkpoints.isEmpty() && checkpoints.getFirst().sequence() < sequence) {
      last = checkpoints.removeFirst().confirmable();
    }
    return last == NOTHING ? OptionalLong.empty() : OptionalLong.of(last);
  }
}
