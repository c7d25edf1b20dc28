package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * The runs of an installation as this instance knows them: its own changes at once, those of others
 * as the journal tells. Of two records of a run, {@link WarmupRun#yieldsTo} decides. Thread-safe.
 */
final class RunBook {
  private final int mostQueued;
  private final int mostEnded;
  private final Map<String, WarmupRun> runs = new LinkedHashMap<>();
  private final Set<String> toCancel = new HashSet<>();
  private Optional<WarmupRun> executing = Optional.empty();

  RunBook(int mostQueued, int mostEnded) {
    this.mostQueued = mostQueued;
    this.mostEnded = mostEnded;
  }

  /** A run that warms all that is asked for, and will end by itself. */
  synchronized Optional<WarmupRun> covering(WarmupRequest request) {
    return runs.values().stream()
        .filter(run -> run.state() == State.QUEUED || run.state() == State.RUNNING)
        .filter(run -> run.request().covers(request))
        .filter(run -> !toCancel.contains(run.id()))
        .findFirst();
  }

  synchronized boolean isFull() {
    return runs.values().stream().filter(run -> run.state() == State.QUEUED).count() >= mostQueued;
  }

  /**
   * Takes in what the journal holds; what is known better here stays.
   *
   * @return ids of ended runs that are too many to remember
   */
  synchronized List<String> fold(Collection<WarmupRun> journal) {
    for (WarmupRun run : journal) {
      WarmupRun known = runs.get(run.id());
      if (known == null) {
        runs.put(run.id(), run);
      } else if (known.yieldsTo(run) && !isMyOwnWord(run)) {
        runs.put(run.id(), run);
      }
    }
    notifyAll();
    return forgetOld();
  }

  /** What this instance said of the run that it executes comes back later than it is known. */
  private boolean isMyOwnWord(WarmupRun run) {
    return executing
        .filter(mine -> mine.id().equals(run.id()) && mine.term() == run.term())
        .isPresent();
  }

  /** A new or changed run; does nothing where what is known counts more. */
  synchronized void put(WarmupRun run) {
    WarmupRun known = runs.get(run.id());
    if (known == null || known.yieldsTo(run)) {
      runs.put(run.id(), run);
      notifyAll();
    }
  }

  /**
   * Takes the next run that waits and is not held, the oldest request first; also one that another
   * instance left. Empty where none came within the wait. Only for the one instance that executes
   * runs.
   *
   * @param held whether the runs of a cache are held
   * @param owner this instance
   */
  synchronized Optional<WarmupRun> take(
      Duration wait, Predicate<String> held, String owner, Instant now)
      throws InterruptedException {
    long deadline = System.nanoTime() + wait.toNanos();
    while (true) {
      Optional<WarmupRun> next =
          runs.values().stream()
              .filter(run -> run.state() == State.QUEUED || run.state() == State.RUNNING)
              .filter(run -> !held.test(run.cache()))
              .min(Comparator.comparing(WarmupRun::requestedAt));
      if (next.isPresent()) {
        WarmupRun taken = next.get().taken(owner, now);
        runs.put(taken.id(), taken);
        executing = Optional.of(taken);
        return executing;
      }
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return Optional.empty();
      }
      wait(left);
    }
  }

  /**
   * The run is not executed here any more.
   *
   * @return whether somebody wanted it cancelled meanwhile, and it has not ended
   */
  synchronized boolean leave() {
    Optional<WarmupRun> left = executing;
    executing = Optional.empty();
    return left.map(WarmupRun::id).filter(toCancel::remove).isPresent();
  }

  /**
   * How the run that is executed here has come on.
   *
   * @return it, for others to know; empty where it is not this instance's any more
   */
  synchronized Optional<WarmupRun> progressed(WarmupRun run) {
    WarmupRun known = runs.get(run.id());
    if (known == null || known.term() != run.term() || !known.yieldsTo(run)) {
      return Optional.empty();
    }
    runs.put(run.id(), run);
    return Optional.of(run);
  }

  /** Whether somebody held, cancelled or took over a run since it was taken. */
  synchronized boolean hasMoved(WarmupRun run) {
    WarmupRun known = runs.get(run.id());
    return known == null
        || known.term() != run.term()
        || known.state().ended()
        || toCancel.contains(run.id());
  }

  /**
   * Lets a run that stopped wait for its turn, to be run from its beginning.
   *
   * @return the run as it waits; empty where it is cancelled, held, or another's
   */
  synchronized Optional<WarmupRun> putBack(WarmupRun run) {
    WarmupRun known = runs.get(run.id());
    if (known == null || hasMoved(run)) {
      return Optional.empty();
    }
    WarmupRun waiting = known.turned(State.QUEUED).with(Progress.NONE, Cost.NONE);
    runs.put(run.id(), waiting);
    notifyAll();
    return Optional.of(waiting);
  }

  /**
   * The last word on a run that was executed here: its end, or where a pause came in, what it had
   * done by then.
   *
   * @param ended the run as this instance would end it
   * @return what to write down; empty where it is another's
   */
  synchronized Optional<WarmupRun> end(WarmupRun ended) {
    toCancel.remove(ended.id());
    WarmupRun known = runs.get(ended.id());
    if (known == null || known.state().ended()) {
      return Optional.empty();
    }
    boolean mine = known.term() == ended.term();
    boolean held = known.state() == State.PAUSED && known.term() == ended.term() + 1;
    if (!mine && !held) {
      return Optional.empty();
    }
    WarmupRun last = mine ? ended : known.with(ended.progress(), ended.cost());
    runs.put(last.id(), last);
    return Optional.of(last);
  }

  synchronized Optional<WarmupRun> find(String id) {
    return Optional.ofNullable(runs.get(id));
  }

  /** All that are known, in the order in which they came. */
  synchronized List<WarmupRun> all() {
    return List.copyOf(runs.values());
  }

  /**
   * Ends a run: at once, or where it is executed here, after its present batches.
   *
   * @return the run to write down; empty where there is nothing to
   */
  synchronized Optional<WarmupRun> cancel(String id, Instant now) {
    WarmupRun run = runs.get(id);
    if (run == null || run.state().ended()) {
      return Optional.empty();
    }
    if (run.state() == State.RUNNING && executing.filter(it -> it.id().equals(id)).isPresent()) {
      toCancel.add(id);
      return Optional.empty();
    }
    WarmupRun cancelled = run.turned(State.CANCELLED).ended(State.CANCELLED, now, Optional.empty());
    runs.put(id, cancelled);
    notifyAll();
    return Optional.of(cancelled);
  }

  /** Too many ended runs, the oldest ends first. */
  synchronized List<String> forgetOld() {
    List<WarmupRun> ended =
        new ArrayList<>(runs.values().stream().filter(run -> run.state().ended()).toList());
    ended.sort(Comparator.comparing(run -> run.finishedAt().orElse(run.requestedAt())));
    List<String> old =
        ended.subList(0, Math.max(0, ended.size() - mostEnded)).stream()
            .map(WarmupRun::id)
            .toList();
    old.forEach(runs::remove);
    return old;
  }
}
