package dev.hearth.warmer.run;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** What a run has come to so far, as its batches tell. Thread-safe. */
final class RunTally {
  /** A database that fails this often in a row is left alone. */
  private static final int MOST_FAILURES_IN_A_ROW = 3;

  private final String cache;
  private final Metrics metrics;
  private final Consumer<WarmupRun> progressed;
  private final List<BatchWarmer.Entry> busy = new ArrayList<>();
  private WarmupRun run;
  private long lastBusyNanos;
  private int failuresInARow;
  private Optional<String> failure = Optional.empty();

  /**
   * @param run taken already
   * @param progressed told of every change, and now and then that there is none
   */
  RunTally(WarmupRun run, Metrics metrics, Consumer<WarmupRun> progressed) {
    this.run = run;
    this.cache = run.cache();
    this.metrics = metrics;
    this.progressed = progressed;
  }

  synchronized WarmupRun current() {
    return run;
  }

  /** Why the database was not read when it last was not. */
  synchronized Optional<String> failure() {
    return failure;
  }

  /** Those that are busy now stay so; not before that is sure they count. */
  synchronized void countBusy() {
    count("busy", run.progress().busy());
  }

  synchronized boolean hasFailed() {
    return failuresInARow >= MOST_FAILURES_IN_A_ROW;
  }

  synchronized void begin(RunPlan plan, int stores) {
    int warm = plan.warmKeys() * stores;
    run =
        run.leavingOut(plan.leftOut())
            .with(new Progress(plan.keys().size() * stores + warm, 0, warm, 0, 0, 0, 0), Cost.NONE);
    count("already_warm", warm);
    progressed.accept(run);
  }

  /** Also that it is alive: a pause may be long. */
  synchronized void tell(Optional<String> waiting) {
    run = waiting.map(run::waitingFor).orElse(run);
    progressed.accept(run);
  }

  synchronized List<BatchWarmer.Entry> takeBusy() {
    List<BatchWarmer.Entry> taken = List.copyOf(busy);
    busy.clear();
    return taken;
  }

  synchronized long sinceBusyNanos() {
    return System.nanoTime() - lastBusyNanos;
  }

  /**
   * @param again how many of its entries were counted as busy before
   */
  synchronized void add(BatchWarmer.Outcome outcome, int again) {
    if (outcome.loadFailure().isPresent()) {
      failuresInARow++;
      failure = outcome.loadFailure();
    } else {
      failuresInARow = hasFailed() ? failuresInARow : 0;
    }
    Progress one = outcome.progress();
    run = run.with(withoutBusy(run.progress(), again).plus(one), run.cost().plus(outcome.cost()));
    if (!outcome.busy().isEmpty()) {
      busy.addAll(outcome.busy());
      lastBusyNanos = System.nanoTime();
    }
    count("stored", one.stored());
    count("already_warm", one.alreadyWarm());
    count("lease_lost", one.leaseLost());
    count("absent", one.absent());
    count("failed", one.failed());
    progressed.accept(run);
  }

  private static Progress withoutBusy(Progress progress, int entries) {
    return new Progress(
        progress.planned(),
        progress.stored(),
        progress.alreadyWarm(),
        progress.leaseLost(),
        progress.busy() - entries,
        progress.absent(),
        progress.failed());
  }

  private void count(String outcome, int entries) {
    if (entries > 0) {
      metrics.counter(Metric.WARMUP_KEYS, cache, outcome).increment(entries);
    }
  }
}
