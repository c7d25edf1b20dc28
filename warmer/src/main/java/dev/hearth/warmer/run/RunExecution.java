package dev.hearth.warmer.run;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** One run, from its plan to its end. {@link #execute} is for one thread, batches run on others. */
final class RunExecution {
  /** A database that fails this often in a row is left alone. */
  private static final int MOST_FAILURES_IN_A_ROW = 3;

  private static final Duration TURN = Duration.ofMillis(200);

  private final WarmableCache cache;
  private final BatchLoader loader;
  private final BatchWarmer warmer;
  private final DatabasePace pace;
  private final ExecutorService threads;
  private final BooleanSupplier toCancel;
  private final Consumer<WarmupRun> progressed;
  private final Metrics metrics;
  private final List<StartCondition> conditions;
  private final CountDownLatch stopped;

  private WarmupRun run;
  private int failuresInARow;
  private Optional<String> failure = Optional.empty();

  RunExecution(
      WarmupRun run,
      WarmableCache cache,
      BatchLoader loader,
      BatchWarmer warmer,
      DatabasePace pace,
      ExecutorService threads,
      BooleanSupplier toCancel,
      Consumer<WarmupRun> progressed,
      List<StartCondition> conditions,
      CountDownLatch stopped,
      Metrics metrics) {
    this.run = run;
    this.cache = cache;
    this.loader = loader;
    this.warmer = warmer;
    this.pace = pace;
    this.threads = threads;
    this.toCancel = toCancel;
    this.progressed = progressed;
    this.conditions = conditions;
    this.stopped = stopped;
    this.metrics = metrics;
  }

  /** How a run ended: with its last progress, and why if not as it should. */
  record Ending(Progress progress, WarmupRun.State state, Optional<String> problem) {}

  Ending execute(List<String> keys, int batchKeys) throws InterruptedException {
    plan(keys.size() * cache.stores().size());
    List<CompletableFuture<Void>> batches = new ArrayList<>();
    boolean cancelled = false;
    Optional<String> refused = Optional.empty();
    for (int from = 0; from < keys.size() && !hasFailed(); from += batchKeys) {
      cancelled = toCancel.getAsBoolean();
      if (cancelled) {
        break;
      }
      List<String> batch = keys.subList(from, Math.min(keys.size(), from + batchKeys));
      pace.acquire();
      refused = awaitGo(new StartCondition.Batch(batch.size(), 0));
      if (refused.isPresent()) {
        pace.release();
        break;
      }
      batches.add(CompletableFuture.runAsync(() -> warm(batch), threads));
    }
    awaitAll(batches);
    return refused.isPresent()
        ? new Ending(run.progress(), WarmupRun.State.FAILED, refused)
        : ending(cancelled);
  }

  /** Waits while a condition says so; what it says is shown. Empty to go on, or to stop. */
  private Optional<String> awaitGo(StartCondition.Batch next) throws InterruptedException {
    while (!toCancel.getAsBoolean()) {
      Optional<String> waiting = Optional.empty();
      for (StartCondition condition : conditions) {
        StartCondition.Verdict verdict = condition.check(run.request(), next);
        if (verdict instanceof StartCondition.Verdict.Refuse refuse) {
          return Optional.of(refuse.sentence());
        }
        if (verdict instanceof StartCondition.Verdict.Wait wait && waiting.isEmpty()) {
          waiting = Optional.of(wait.sentence());
        }
      }
      if (waiting.isEmpty() || stopped.await(TURN.toMillis(), TimeUnit.MILLISECONDS)) {
        return Optional.empty();
      }
      show(waiting.get());
    }
    return Optional.empty();
  }

  private synchronized void show(String waiting) {
    run = run.waitingFor(waiting);
    progressed.accept(run);
  }

  /** Interruptibly: what a closing process threw out of its queue never completes. */
  private static void awaitAll(List<CompletableFuture<Void>> batches) throws InterruptedException {
    try {
      CompletableFuture.allOf(batches.toArray(CompletableFuture<?>[]::new)).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a batch failed", e.getCause());
    }
  }

  private synchronized Ending ending(boolean cancelledWhilePlanning) {
    boolean cancelled =
        cancelledWhilePlanning
            || (toCancel.getAsBoolean() && run.progress().done() < run.progress().planned());
    if (failuresInARow >= MOST_FAILURES_IN_A_ROW) {
      return new Ending(run.progress(), WarmupRun.State.FAILED, failure);
    }
    return new Ending(
        run.progress(), cancelled ? WarmupRun.State.CANCELLED : WarmupRun.State.DONE, failure);
  }

  private void warm(List<String> batch) {
    try {
      if (!hasFailed() && !toCancel.getAsBoolean()) {
        add(warmer.warm(cache, loader, batch));
      }
    } catch (InterruptedException e) {
      // The process ends; the run is taken up again at its next start.
      Thread.currentThread().interrupt();
    } finally {
      pace.release();
    }
  }

  private synchronized boolean hasFailed() {
    return failuresInARow >= MOST_FAILURES_IN_A_ROW;
  }

  private synchronized void plan(int entries) {
    run = run.with(new Progress(entries, 0, 0, 0, 0, 0, 0), Cost.NONE);
    progressed.accept(run);
  }

  private synchronized void add(BatchWarmer.Outcome outcome) {
    if (outcome.loadFailure().isPresent()) {
      failuresInARow++;
      failure = outcome.loadFailure();
    } else {
      failuresInARow = hasFailed() ? failuresInARow : 0;
    }
    Progress one = outcome.progress();
    run = run.with(run.progress().plus(one), run.cost());
    count("stored", one.stored());
    count("already_warm", one.alreadyWarm());
    count("lease_lost", one.leaseLost());
    count("busy", one.busy());
    count("absent", one.absent());
    count("failed", one.failed());
    progressed.accept(run);
  }

  private void count(String outcome, int entries) {
    if (entries > 0) {
      metrics.counter(Metric.WARMUP_KEYS, cache.name(), outcome).increment(entries);
    }
  }
}
