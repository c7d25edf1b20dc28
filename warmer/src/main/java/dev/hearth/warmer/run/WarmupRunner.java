package dev.hearth.warmer.run;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes warm-up runs, one after the other. Every method is for any thread.
 *
 * <p>A run is in the journal before its request is answered, so a restart takes it up again, from
 * its beginning: what was filled before is then found warm. One runner for an installation is
 * enough; a second one would take up the same runs, which the leases make harmless, but their
 * counts mix.
 */
public final class WarmupRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmupRunner.class);
  private static final Duration TURN = Duration.ofSeconds(1);
  private static final Duration LONGEST_ACKNOWLEDGEMENT = Duration.ofSeconds(15);

  private final Map<String, WarmableCache> caches;
  private final Planner planner;
  private final RunJournal journal;
  private final Pauses pauses;
  private final List<StartCondition> conditions;
  private final RunnerSettings settings;
  private final Metrics metrics;
  private final Clock clock;
  private final Supplier<String> ids;
  private final Runnable heartbeat;
  private final RunBook book;
  private final DatabasePace pace;
  private final BatchWarmer warmer;
  private final ExecutorService batches;
  private final Thread thread = new Thread(this::turn, "warmup-runner");
  private final Object submitting = new Object();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean closing;
  private volatile boolean takenUp;
  private volatile long publishedNanos;

  /**
   * A runner; nothing runs before {@link #start}.
   *
   * @param conditions all asked before each batch of each run
   * @param random for the lives of entries; safe for many threads
   * @param ids of new runs, all different
   * @param heartbeat called at every turn of the runner's loop
   */
  public WarmupRunner(
      Collection<WarmableCache> caches,
      Planner planner,
      RunJournal journal,
      Pauses pauses,
      List<StartCondition> conditions,
      RunnerSettings settings,
      Metrics metrics,
      Clock clock,
      RandomGenerator random,
      Supplier<String> ids,
      Runnable heartbeat) {
    this.caches =
        caches.stream()
            .collect(Collectors.toUnmodifiableMap(WarmableCache::name, Function.identity()));
    this.planner = planner;
    this.journal = journal;
    this.pauses = pauses;
    this.conditions = List.copyOf(conditions);
    this.settings = settings;
    this.metrics = metrics;
    this.clock = clock;
    this.ids = ids;
    this.heartbeat = heartbeat;
    this.book = new RunBook(settings.queued(), settings.kept());
    this.pace = new DatabasePace(settings.batchKeys(), settings.ceiling());
    this.warmer = new BatchWarmer(settings.storeTimeout(), pace, random);
    this.batches =
        Executors.newFixedThreadPool(
            settings.ceiling(),
            task -> {
              Thread each = new Thread(task, "warmup-batch");
              each.setDaemon(true);
              return each;
            });
    thread.setDaemon(true);
    metrics.gauge(Metric.WARMUP_CONCURRENCY, pace::allowed);
  }

  /** Begins: first takes up the runs that an earlier process left, then what is submitted. */
  public void start() {
    thread.start();
  }

  /** Whether the runs of earlier processes are known. */
  public boolean hasTakenUp() {
    return takenUp;
  }

  /**
   * Asks for a run. One that waits or runs already, and warms all that is asked for, is the answer
   * where there is one.
   */
  public Submission submit(WarmupRequest request) {
    synchronized (submitting) {
      Optional<WarmupRun> covering = book.covering(request);
      if (covering.isPresent()) {
        return new Submission.Accepted(covering.get(), true);
      }
      if (book.isFull()) {
        return new Submission.Refused(
            settings.queued()
                + " runs are waiting already; wait for one to end, or cancel one with DELETE"
                + " /v1/warmups/{id}");
      }
      WarmupRun run = WarmupRun.queued(ids.get(), request, clock.instant());
      Optional<String> unkept = publishAndAwait(run);
      if (unkept.isPresent()) {
        return new Submission.Refused(
            "the run could not be written down, so that a restart would lose it ("
                + unkept.get()
                + "); try again when Kafka answers");
      }
      log.info(
          "queued run={} cache={} top={} trigger={}",
          run.id(),
          run.cache(),
          run.top(),
          request.trigger());
      book.enqueue(run);
      return new Submission.Accepted(run, false);
    }
  }

  /** A run that waits, runs, or ended not long ago. */
  public Optional<WarmupRun> find(String id) {
    return book.find(id);
  }

  /** Ends a run: at once if it waits, after the batches under way if it runs. */
  public Optional<WarmupRun> cancel(String id) {
    Optional<WarmupRun> before = book.find(id);
    Optional<WarmupRun> after = book.cancel(id, clock.instant());
    if (!after.equals(before)) {
      after.ifPresent(this::publish);
    }
    return after;
  }

  /** Stops after what is on the way to a store; the run goes on at the next start. */
  @Override
  public void close() {
    closing = true;
    stopped.countDown();
    thread.interrupt();
    batches.shutdownNow();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void turn() {
    while (!closing) {
      heartbeat.run();
      try {
        if (!takenUp) {
          takeUp();
        } else {
          Optional<WarmupRun> next = book.next(TURN, pauses::holds);
          if (next.isPresent()) {
            run(next.get());
          }
        }
      } catch (InterruptedException e) {
        closing = true;
      } catch (RuntimeException e) {
        log.error("warm-up runner failed, and goes on", e);
      }
    }
  }

  private void takeUp() throws InterruptedException {
    List<WarmupRun> journaled;
    try {
      pauses.takeUp();
      journaled = journal.read();
    } catch (RuntimeException e) {
      if (!closing) {
        log.warn(
            "runs of earlier processes are not known yet, trying again error={}", e.toString());
        closing = stopped.await(TURN.toMillis(), TimeUnit.MILLISECONDS);
      }
      return;
    }
    book.takeUp(journaled).forEach(journal::forget);
    takenUp = true;
    journaled.stream()
        .filter(run -> !run.state().ended())
        .forEach(run -> log.info("taken up run={} cache={}", run.id(), run.cache()));
  }

  private void run(WarmupRun run) throws InterruptedException {
    log.info("running run={} cache={} top={}", run.id(), run.cache(), run.top());
    RunExecution.Ending ending;
    try {
      ending = execute(run);
    } catch (RuntimeException e) {
      if (closing) {
        return;
      }
      log.error("run failed run={}", run.id(), e);
      ending =
          new RunExecution.Ending(
              book.find(run.id()).orElse(run).progress(),
              State.FAILED,
              Optional.of("the run failed at a defect of Hearth: " + e.getClass().getSimpleName()));
    }
    if (closing) {
      return;
    }
    if (ending.state() == State.CANCELLED) {
      // Unless it was cancelled, a pause stopped it.
      Optional<WarmupRun> waiting = book.putBack(run);
      if (waiting.isPresent()) {
        log.info("held run={} cache={}", run.id(), run.cache());
        publish(waiting.get());
        return;
      }
    }
    WarmupRun ended =
        run.with(ending.progress(), run.cost())
            .ended(ending.state(), clock.instant(), ending.problem());
    book.update(ended).forEach(journal::forget);
    publish(ended);
    log.info(
        "ended run={} cache={} state={} {}",
        ended.id(),
        ended.cache(),
        ended.state(),
        ended.progress());
  }

  private RunExecution.Ending execute(WarmupRun run) throws InterruptedException {
    WarmableCache cache = caches.get(run.cache());
    if (cache == null) {
      return failed("there is no cache \"" + run.cache() + "\" in the configuration");
    }
    if (cache.loader().isEmpty()) {
      return failed(
          "cache \""
              + run.cache()
              + "\" has no load query, so nothing says how to read it; add caches."
              + run.cache()
              + ".load");
    }
    if (cache.stores().isEmpty()) {
      return failed(
          "no store of cache \"" + run.cache() + "\" is fenced, so nothing may be filled");
    }
    List<String> keys;
    try {
      keys = planner.plan(run.request());
    } catch (PlanningException e) {
      return failed(String.valueOf(e.getMessage()));
    }
    RunExecution execution =
        new RunExecution(
            run.taken("", clock.instant()),
            cache,
            cache.loader().get(),
            warmer,
            pace,
            batches,
            () -> closing || book.isToCancel(run.id()) || pauses.holds(run.cache()),
            this::progressed,
            conditions,
            stopped,
            metrics);
    RunExecution.Ending ending = execution.execute(keys, settings.batchKeys());
    return keys.isEmpty() && ending.state() == State.DONE
        ? new RunExecution.Ending(
            ending.progress(),
            State.DONE,
            Optional.of(
                "no key of cache \""
                    + run.cache()
                    + "\" is known to be hot, so there was nothing to warm; do its clients report"
                    + " their reads?"))
        : ending;
  }

  private static RunExecution.Ending failed(String sentence) {
    return new RunExecution.Ending(Progress.NONE, State.FAILED, Optional.of(sentence));
  }

  private void progressed(WarmupRun run) {
    heartbeat.run();
    book.update(run);
    long now = System.nanoTime();
    if (run.progress().done() == 0 || now - publishedNanos >= settings.progressEvery().toNanos()) {
      publishedNanos = now;
      publish(run);
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the log is all that a lost note of progress needs
  private void publish(WarmupRun run) {
    journal
        .publish(run)
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                log.warn(
                    "state of a run was not written down run={} state={} error={}",
                    run.id(),
                    run.state(),
                    failure.toString());
              }
            });
  }

  /** Empty once written down, else why not. */
  private Optional<String> publishAndAwait(WarmupRun run) {
    try {
      journal
          .publish(run)
          .toCompletableFuture()
          .get(LONGEST_ACKNOWLEDGEMENT.toMillis(), TimeUnit.MILLISECONDS);
      return Optional.empty();
    } catch (ExecutionException e) {
      return Optional.of(String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      return Optional.of("no answer within " + LONGEST_ACKNOWLEDGEMENT.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    }
  }
}
