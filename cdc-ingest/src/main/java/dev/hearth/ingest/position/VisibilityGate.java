package dev.hearth.ingest.position;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Holds what was received until its transaction can be read on the primary.
 *
 * <p>A commit is durable in the log before it is visible: the log reader may ship a change that
 * readers cannot see yet. Published at once, its invalidation would be followed by a fill with the
 * old value, and no further event would ever correct it (docs/coherence.md, R2). So a change passes
 * only when a snapshot sees its transaction. Transaction by transaction: a commit that is stuck,
 * waiting for a standby that is away, holds back nobody else. What shares a row cannot overtake,
 * since row locks are released after visibility.
 *
 * <p>Not thread-safe; used by the publishing loop.
 */
public final class VisibilityGate<T> {
  private final Deque<Captured<T>> held = new ArrayDeque<>();

  public void hold(Captured<T> captured) {
    held.addLast(captured);
  }

  /** Takes out what a snapshot sees, in the order of receipt; the rest stays. */
  public List<Captured<T>> pass(GateSnapshot snapshot) {
    List<Captured<T>> passed = new ArrayList<>();
    for (Iterator<Captured<T>> each = held.iterator(); each.hasNext(); ) {
      Captured<T> captured = each.next();
      if (snapshot.sees(snapshot.widen(captured.transaction()))) {
        passed.add(captured);
        each.remove();
      }
    }
    return passed;
  }

  public int size() {
    return held.size();
  }

  public boolean isEmpty() {
    return held.isEmpty();
  }
}
