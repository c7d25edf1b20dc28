package dev.hearth.warmer.run;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRun;
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
  private static final Duration TURN = Duration.ofMillis(100);

  /** Who reads through holds a lease for about as long as a query takes. */
  private static final Duration BUSY_REST = Duration.ofMillis(500);

  private final WarmableCache cache;
  private final BatchLoader loader;
  private final Desk desk;
  private final RunLimits limits;
  private final BooleanSupplier toStop;
  private final RunTally tally;

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
    this.cache = cache;
    this.loader = loader;
    this.desk = desk;
    this.limits = limits;
    this.toStop = toStop;
    this.tally = new RunTally(run, desk.metrics(), progressed);
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
    tally.begin(plan, cache.stores().size());
    Next last = warmPlanned(plan, batchKeys);
    // What ends a run early stands; a retry that may not go any more is no reason to end as failed.
    if (last instanceof Next.Batch && retryBusy(plan, batchKeys) instanceof Next.Stop stop) {
      last = stop;
    }
    return ending(last);
  }

  private Next warmPlanned(RunPlan plan, int batchKeys) throws InterruptedException {
    List<String> keys = plan.keys();
    List<CompletableFuture<Void>> underWay = new ArrayList<>();
    Next next = new Next.Batch();
    for (int from = 0; from < keys.size() && !tally.hasFailed(); from += batchKeys) {
      List<String> batch = keys.subList(from, Math.min(keys.size(), from + batchKeys));
      next =
          begin(
              plan,
              batch.size(),
              () -> tally.add(desk.warmer().warm(cache, loader, batch), 0),
              underWay);
      if (!(next instanceof Next.Batch)) {
        break;
      }
    }
    awaitAll(underWay);
    return next;
  }

  /**
   * Tries the entries once more that somebody else was filling: who did may have stored them, or
   * have failed, or lost its lease. Those that are still held stay busy.
   */
  private Next retryBusy(RunPlan plan, int batchKeys) throws InterruptedException {
    List<BatchWarmer.Entry> again = tally.takeBusy();
    List<CompletableFuture<Void>> underWay = new ArrayList<>();
    Next next = again.isEmpty() || tally.hasFailed() ? new Next.Batch() : restForBusy();
    for (int from = 0;
        from < again.size() && next instanceof Next.Batch && !tally.hasFailed();
        from += batchKeys) {
      List<BatchWarmer.Entry> batch = again.subList(from, Math.min(again.size(), from + batchKeys));
      int keys = (int) batch.stream().map(BatchWarmer.Entry::key).distinct().count();
      next =
          begin(
              plan,
              keys,
              () -> tally.add(desk.warmer().warmEntries(cache, loader, batch), batch.size()),
              underWay);
    }
    awaitAll(underWay);
    return next;
  }

  private Next restForBusy() throws InterruptedException {
    while (!toStop.getAsBoolean()) {
      long left = BUSY_REST.toNanos() - tally.sinceBusyNanos();
      if (left <= 0) {
        return new Next.Batch();
      }
      if (desk.stopped().await(Math.min(left, TURN.toNanos()), TimeUnit.NANOSECONDS)) {
        break;
      }
      tally.tell(Optional.empty());
    }
    return new Next.Stop();
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  /** Begins a batch on a thread of its own, as soon as the pace and all conditions let it. */
  private Next begin(RunPlan plan, int keys, Work work, List<CompletableFuture<Void>> underWay)
      throws InterruptedException {
    desk.pace().acquire();
    Next next = await(new StartCondition.Batch(keys, bytes(plan, keys)));
    if (next instanceof Next.Batch) {
      underWay.add(CompletableFuture.runAsync(() -> warm(work), desk.threads()));
    } else {
      desk.pace().release();
    }
    return next;
  }

  private static long bytes(RunPlan plan, int keys) {
    return plan.expectedBytes() * keys / Math.max(1, plan.keys().size());
  }

  /** Waits until the next batch may go; what it waits for is shown. */
  private Next await(StartCondition.Batch batch) throws InterruptedException {
    while (!toStop.getAsBoolean()) {
      WarmupRun now = tally.current();
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
      tally.tell(waiting);
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

  private Ending ending(Next last) {
    tally.countBusy();
    WarmupRun run = tally.current();
    if (last instanceof Next.Refused refused) {
      return new Ending(run, WarmupRun.State.FAILED, Optional.of(refused.sentence()));
    }
    if (tally.hasFailed()) {
      return new Ending(run, WarmupRun.State.FAILED, tally.failure());
    }
    if (last instanceof Next.Enough enough) {
      return new Ending(run, WarmupRun.State.DONE, Optional.of(enough.sentence()));
    }
    boolean stopped =
        last instanceof Next.Stop
            || (toStop.getAsBoolean() && run.progress().done() < run.progress().planned());
    return new Ending(
        run, stopped ? WarmupRun.State.CANCELLED : WarmupRun.State.DONE, tally.failure());
  }

  private void warm(Work work) {
    try {
      if (!tally.hasFailed() && !toStop.getAsBoolean()) {
        work.run();
      }
    } catch (InterruptedException e) {
      // The process ends; the run is taken up again at its next start.
      Thread.currentThread().interrupt();
    } finally {
      desk.pace().release();
    }
  }
}
