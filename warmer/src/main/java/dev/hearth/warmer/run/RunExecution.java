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

  private static final Duration TURN = Duration.ofMillis(100);

  private final WarmableCache cache;
  private final BatchLoader loader;
  private final Desk desk;
  private final RunLimits limits;
  private final BooleanSupplier toStop;
  private final Consumer<WarmupRun> progressed;

  private WarmupRun run;
  private int failuresInARow;
  private Optional<String> failure = Optional.empty();

  /**
   * What all runs of a runner share.
   *
   * @param threads as many as there are connections
   * @param stopped open once the process ends
   */
  record Desk(
      BatchWarmer warmer,
      DatabasePace pace,
      ExecutorService threads,
      List<StartCondition> conditions,
      CountDownLatch stopped,
      Metrics metrics) {}

  /**
   * @param run taken already
   * @param toStop whether the run is held, cancelled or another's
   */
  RunExecution(
      WarmupRun run,
      WarmableCache cache,
      BatchLoader loader,
      Desk desk,
      RunLimits limits,
      BooleanSupplier toStop,
      Consumer<WarmupRun> progressed) {
    this.run = run;
    this.cache = cache;
    this.loader = loader;
    this.desk = desk;
    this.limits = limits;
    this.toStop = toStop;
    this.progressed = progressed;
  }

  /**
   * How a run ended.
   *
   * @param run with its last progress
   * @param problem why, if not as it should
   */
  record Ending(WarmupRun run, WarmupRun.State state, Optional<String> problem) {}

  private sealed interface Next {
    record Batch() implements Next {}

    record Stop() implements Next {}

    record Enough(String sentence) implements Next {}

    record Refused(String sentence) implements Next {}
  }

  Ending execute(RunPlan plan, int batchKeys) throws InterruptedException {
    begin(plan);
    List<String> keys = plan.keys();
    List<CompletableFuture<Void>> batches = new ArrayList<>();
    Next next = new Next.Batch();
    for (int from = 0; from < keys.size() && !hasFailed(); from += batchKeys) {
      List<String> batch = keys.subList(from, Math.min(keys.size(), from + batchKeys));
      desk.pace().acquire();
      next = await(new StartCondition.Batch(batch.size(), bytes(plan, batch.size())));
      if (!(next instanceof Next.Batch)) {
        desk.pace().release();
        break;
      }
      batches.add(CompletableFuture.runAsync(() -> warm(batch), desk.threads()));
    }
    awaitAll(batches);
    return ending(next);
  }

  private static long bytes(RunPlan plan, int keys) {
    return plan.expectedBytes() * keys / Math.max(1, plan.keys().size());
  }

  /** Waits until the next batch may go; what it waits for is shown. */
  private Next await(StartCondition.Batch batch) throws InterruptedException {
    while (!toStop.getAsBoolean()) {
      WarmupRun now = current();
      Optional<String> enough = limits.enough(now);
      if (enough.isPresent()) {
        return new Next.Enough(enough.get());
      }
      Optional<String> waiting = Optional.empty();
      for (StartCondition condition : desk.conditions()) {
        StartCondition.Verdict verdict = condition.check(now.request(), batch);
        if (verdict instanceof StartCondition.Verdict.Refuse refuse) {
          return new Next.Refused(refuse.sentence());
        }
        if (verdict instanceof StartCondition.Verdict.Wait wait && waiting.isEmpty()) {
          waiting = Optional.of(wait.sentence());
        }
      }
      Duration pause = waiting.isPresent() ? TURN : limits.pause(now);
      if (pause.isZero()) {
        return new Next.Batch();
      }
      if (desk.stopped()
          .await(Math.max(1, Math.min(pause.toMillis(), TURN.toMillis())), TimeUnit.MILLISECONDS)) {
        break;
      }
      tell(waiting);
    }
    return new Next.Stop();
  }

  /** Interruptibly: what a closing process threw out of its queue never completes. */
  private static void awaitAll(List<CompletableFuture<Void>> batches) throws InterruptedException {
    try {
      CompletableFuture.allOf(batches.toArray(CompletableFuture<?>[]::new)).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a batch failed", e.getCause());
    }
  }

  private synchronized Ending ending(Next last) {
    if (last instanceof Next.Refused refused) {
      return new Ending(run, WarmupRun.State.FAILED, Optional.of(refused.sentence()));
    }
    if (hasFailed()) {
      return new Ending(run, WarmupRun.State.FAILED, failure);
    }
    if (last instanceof Next.Enough enough) {
      return new Ending(run, WarmupRun.State.DONE, Optional.of(enough.sentence()));
    }
    boolean stopped =
        last instanceof Next.Stop
            || (toStop.getAsBoolean() && run.progress().done() < run.progress().planned());
    return new Ending(run, stopped ? WarmupRun.State.CANCELLED : WarmupRun.State.DONE, failure);
  }

  private void warm(List<String> batch) {
    try {
      if (!hasFailed() && !toStop.getAsBoolean()) {
        add(desk.warmer().warm(cache, loader, batch));
      }
    } catch (InterruptedException e) {
      // The process ends; the run is taken up again at its next start.
      Thread.currentThread().interrupt();
    } finally {
      desk.pace().release();
    }
  }

  private synchronized WarmupRun current() {
    return run;
  }

  private synchronized boolean hasFailed() {
    return failuresInARow >= MOST_FAILURES_IN_A_ROW;
  }

  private synchronized void begin(RunPlan plan) {
    int stores = cache.stores().size();
    int warm = plan.warmKeys() * stores;
    run =
        run.leavingOut(plan.leftOut())
            .with(new Progress(plan.keys().size() * stores + warm, 0, warm, 0, 0, 0, 0), Cost.NONE);
    count("already_warm", warm);
    progressed.accept(run);
  }

  /** Also that it is alive: a pause may be long. */
  private synchronized void tell(Optional<String> waiting) {
    run = waiting.map(run::waitingFor).orElse(run);
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
    run = run.with(run.progress().plus(one), run.cost().plus(outcome.cost()));
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
      desk.metrics().counter(Metric.WARMUP_KEYS, cache.name(), outcome).increment(entries);
    }
  }
}
