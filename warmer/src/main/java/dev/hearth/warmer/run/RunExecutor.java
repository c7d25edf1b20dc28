package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one run after the other out of the book and executes it, while this instance holds the
 * claim. {@link #executeAll} is for one thread.
 */
final class RunExecutor {
  private static final Logger log = LoggerFactory.getLogger(RunExecutor.class);
  private static final Duration TURN = Duration.ofSeconds(1);
  private static final Duration ASK_EVERY = Duration.ofMillis(200);

  private final Map<String, WarmableCache> caches;
  private final Planner planner;
  private final RunBook book;
  private final RunRecorder recorder;
  private final RunClaim claim;
  private final Pauses pauses;
  private final RunExecution.Desk desk;
  private final RunLimits limits;
  private final int batchKeys;
  private final Clock clock;
  private final String instance;
  private final Runnable heartbeat;

  /**
   * @param caches by name
   * @param instance the owner of what is executed here
   * @param heartbeat called at every turn of the loop
   */
  RunExecutor(
      Map<String, WarmableCache> caches,
      Planner planner,
      RunBook book,
      RunRecorder recorder,
      RunClaim claim,
      Pauses pauses,
      RunExecution.Desk desk,
      RunLimits limits,
      int batchKeys,
      Clock clock,
      String instance,
      Runnable heartbeat) {
    this.caches = caches;
    this.planner = planner;
    this.book = book;
    this.recorder = recorder;
    this.claim = claim;
    this.pauses = pauses;
    this.desk = desk;
    this.limits = limits;
    this.batchKeys = batchKeys;
    this.clock = clock;
    this.instance = instance;
    this.heartbeat = heartbeat;
  }

  /**
   * Executes what waits until the process ends.
   *
   * @param known whether it is known what waits, and what is held
   */
  void executeAll(BooleanSupplier known) {
    try {
      while (!isClosing()) {
        heartbeat.run();
        executeNext(known);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isClosing() {
    return desk.stopped().getCount() == 0;
  }

  private void executeNext(BooleanSupplier known) throws InterruptedException {
    try {
      if (!known.getAsBoolean() || !claim.isHeld()) {
        if (desk.stopped().await(ASK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
          log.debug("executes nothing more");
        }
        return;
      }
      Optional<WarmupRun> next = book.take(TURN, pauses::holds, instance, clock.instant());
      if (next.isPresent()) {
        run(next.get());
      }
    } catch (RuntimeException e) {
      log.error("warm-up runner failed, and goes on", e);
    }
  }

  private void run(WarmupRun run) throws InterruptedException {
    log.info(
        "running run={} cache={} top={} term={}", run.id(), run.cache(), run.top(), run.term());
    try {
      recorder.publish(run);
      RunExecution.Ending ending;
      try {
        ending = execute(run);
      } catch (RuntimeException e) {
        if (isClosing()) {
          return;
        }
        log.error("run failed run={}", run.id(), e);
        ending =
            failed(
                book.find(run.id()).orElse(run),
                "the run failed at a defect of Hearth: " + e.getClass().getSimpleName());
      }
      if (!isClosing()) {
        end(run, ending);
      }
    } finally {
      if (book.leave()) {
        // It is another's now, who is to hear of it.
        book.cancel(run.id(), clock.instant()).ifPresent(recorder::publish);
      }
    }
  }

  private void end(WarmupRun run, RunExecution.Ending ending) {
    if (ending.state() == State.CANCELLED && !claim.isHeld()) {
      log.info("left to another instance run={} cache={}", run.id(), run.cache());
      return;
    }
    if (ending.state() == State.CANCELLED) {
      // Unless it was cancelled or held by itself, a pause of its cache stopped it.
      Optional<WarmupRun> waiting = book.putBack(run);
      if (waiting.isPresent()) {
        log.info("held run={} cache={}", run.id(), run.cache());
        recorder.publish(waiting.get());
        return;
      }
    }
    Optional<WarmupRun> last =
        book.end(ending.run().ended(ending.state(), clock.instant(), ending.problem()));
    recorder.forget(book.forgetOld());
    last.ifPresent(recorder::publish);
    log.info(
        "ended run={} cache={} state={} {}",
        run.id(),
        run.cache(),
        last.map(WarmupRun::state).orElse(ending.state()),
        ending.run().progress());
  }

  private RunExecution.Ending execute(WarmupRun run) throws InterruptedException {
    WarmableCache cache = caches.get(run.cache());
    if (cache == null) {
      return failed(run, "there is no cache \"" + run.cache() + "\" in the configuration");
    }
    Optional<BatchLoader> loader = cache.loader();
    if (loader.isEmpty()) {
      return failed(
          run,
          "cache \""
              + run.cache()
              + "\" has no load query, so nothing says how to read it; add caches."
              + run.cache()
              + ".load");
    }
    if (cache.stores().isEmpty()) {
      return failed(
          run, "no store of cache \"" + run.cache() + "\" is fenced, so nothing may be filled");
    }
    RunPlan plan;
    try {
      plan = planner.plan(run.request());
    } catch (PlanningException e) {
      return failed(run, String.valueOf(e.getMessage()));
    }
    RunExecution.Ending ending =
        new RunExecution(
                run,
                cache,
                loader.get(),
                desk,
                limits,
                () ->
                    isClosing()
                        || !claim.isHeld()
                        || book.hasMoved(run)
                        || pauses.holds(run.cache()),
                this::progressed)
            .execute(plan, batchKeys);
    return plan.keys().isEmpty() && plan.warmKeys() == 0 && ending.state() == State.DONE
        ? new RunExecution.Ending(ending.run(), State.DONE, Optional.of(nothing(run, plan)))
        : ending;
  }

  private static String nothing(WarmupRun run, RunPlan plan) {
    return plan.leftOut().isEmpty()
        ? "no key of cache \""
            + run.cache()
            + "\" is known to be hot, so there was nothing to warm; do its clients report their"
            + " reads?"
        : "all hot keys of cache \"" + run.cache() + "\" were left out: " + plan.leftOut();
  }

  private static RunExecution.Ending failed(WarmupRun run, String sentence) {
    return new RunExecution.Ending(run, State.FAILED, Optional.of(sentence));
  }

  private void progressed(WarmupRun run) {
    heartbeat.run();
    book.progressed(run).ifPresent(recorder::progress);
  }
}
