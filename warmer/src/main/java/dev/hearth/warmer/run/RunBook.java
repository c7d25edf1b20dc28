package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The runs that this process knows of: which wait, which runs, which ended. Thread-safe. */
final class RunBook {
  private final int mostQueued;
  private final int mostEnded;
  private final Map<String, WarmupRun> runs = new LinkedHashMap<>();
  private final Deque<String> queue = new ArrayDeque<>();
  private final Set<String> toCancel = new HashSet<>();

  RunBook(int mostQueued, int mostEnded) {
    this.mostQueued = mostQueued;
    this.mostEnded = mostEnded;
  }

  /** A run that warms all that is asked for, and has not ended. */
  synchronized Optional<WarmupRun> covering(WarmupRequest request) {
    return runs.values().stream()
        .filter(run -> !run.state().ended() && run.request().covers(request))
        .filter(run -> !toCancel.contains(run.id()))
        .findFirst();
  }

  synchronized boolean isFull() {
    return queue.size() >= mostQueued;
  }

  /**
   * Adds a run at the end of the queue; does nothing with one that is known, for what has just been
   * written to the journal may have been taken up from there first.
   */
  synchronized void enqueue(WarmupRun run) {
    if (runs.putIfAbsent(run.id(), run) == null) {
      queue.add(run.id());
      notifyAll();
    }
  }

  /**
   * Takes up what a journal holds: ended runs to be remembered, others to be run, before those that
   * came since. Runs known already are left as they are.
   *
   * @return ids of ended runs that are too many to remember
   */
  synchronized List<String> takeUp(List<WarmupRun> journal) {
    Deque<String> first = new ArrayDeque<>();
    for (WarmupRun run : journal) {
      if (runs.containsKey(run.id())) {
        continue;
      }
      runs.put(run.id(), run);
      if (!run.state().ended()) {
        runs.put(run.id(), run.turned(WarmupRun.State.QUEUED).with(Progress.NONE, Cost.NONE));
        first.addLast(run.id());
      }
    }
    while (!first.isEmpty()) {
      queue.addFirst(first.removeLast());
    }
    notifyAll();
    return forgetOld();
  }

  /**
   * The next run that waits and is not held; empty where none came within the wait.
   *
   * @param held whether the runs of a cache are held
   */
  synchronized Optional<WarmupRun> next(Duration wait, Predicate<String> held)
      throws InterruptedException {
    long deadline = System.nanoTime() + wait.toNanos();
    while (true) {
      for (String id : queue) {
        WarmupRun run = runs.get(id);
        if (run != null && !held.test(run.cache())) {
          queue.remove(id);
          return Optional.of(run);
        }
      }
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return Optional.empty();
      }
      wait(left);
    }
  }

  /**
   * Puts a run that was stopped back to the front, to be run from its beginning.
   *
   * @return the run as it waits; empty where it is to be cancelled
   */
  synchronized Optional<WarmupRun> putBack(WarmupRun run) {
    if (toCancel.contains(run.id())) {
      return Optional.empty();
    }
    WarmupRun waiting = run.turned(WarmupRun.State.QUEUED).with(Progress.NONE, Cost.NONE);
    runs.put(run.id(), waiting);
    queue.addFirst(run.id());
    return Optional.of(waiting);
  }

  /**
   * Writes a run as it is now.
   *
   * @return ids of ended runs that are too many to remember
   */
  synchronized List<String> update(WarmupRun run) {
    runs.put(run.id(), run);
    if (run.state().ended()) {
      toCancel.remove(run.id());
    }
    return forgetOld();
  }

  synchronized Optional<WarmupRun> find(String id) {
    return Optional.ofNullable(runs.get(id));
  }

  /** Ends a run that waits at once, and one that runs after its present batches. */
  synchronized Optional<WarmupRun> cancel(String id, Instant now) {
    WarmupRun run = runs.get(id);
    if (run != null && queue.remove(id)) {
      run = run.ended(WarmupRun.State.CANCELLED, now, Optional.empty());
      runs.put(id, run);
    } else if (run != null && !run.state().ended()) {
      toCancel.add(id);
    }
    return Optional.ofNullable(run);
  }

  synchronized boolean isToCancel(String id) {
    return toCancel.contains(id);
  }

  private List<String> forgetOld() {
    List<String> ended = new ArrayList<>();
    runs.forEach(
        (id, run) -> {
          if (run.state().ended()) {
            ended.add(id);
          }
        });
    List<String> old = ended.subList(0, Math.max(0, ended.size() - mostEnded));
    old.forEach(runs::remove);
    return List.copyOf(old);
  }
}
