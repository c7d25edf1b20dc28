package dev.hearth.warmer.run;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
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
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests for warm-up runs, and executes them one after the other, in one instance of an
 * installation. Every method is for any thread.
 *
 * <p>A run is in the journal before its request is answered, and every instance follows the
 * journal: any of them answers for any run, may hold or cancel it, and takes up what the one that
 * held the claim left. A run that is taken up begins again: what was filled before is then found
 * warm, and its counts are those of its present owner.
 */
public final class WarmupRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmupRunner.class);
  private static final Duration TURN = Duration.ofSeconds(1);
  private static final Duration FOLLOW_EVERY = Duration.ofMillis(200);
  private static final Duration LONGEST_ACKNOWLEDGEMENT = Duration.ofSeconds(15);

  private final Map<String, WarmableCache> caches;
  private final Map<String, BatchLoader> loaders;
  private final Planner planner;
  private final RunJournal journal;
  private final RunClaim claim;
  private final Pauses pauses;
  private final RunnerSettings settings;
  private final Clock clock;
  private final Supplier<String> ids;
  private final String instance;
  private final Runnable heartbeat;
  private final RunBook book;
  private final RunExecution.Desk desk;
  private final RunLimits limits;
  private final Thread executing = new Thread(this::execute, "warmup-runner");
  private final Thread following = new Thread(this::follow, "warmup-journal");
  private final Object submitting = new Object();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean closing;
  private volatile boolean takenUp;
  private volatile long publishedNanos;
  private volatile Optional<WarmupRun> published = Optional.empty();

  /**
   * A runner; nothing runs before {@link #start}.
   *
   * @param claim by which this instance knows whether it executes runs; the caller's to close
   * @param conditions all asked before each batch of each run
   * @param random for the lives of entries; safe for many threads
   * @param ids of new runs, and of this instance, all different
   * @param heartbeat called at every turn of the runner's loop
   */
  public WarmupRunner(
      Collection<WarmableCache> caches,
      Planner planner,
      RunJournal journal,
      RunClaim claim,
      Pauses pauses,
      List<StartCondition> conditions,
      HitRatios hitRatios,
      RunnerSettings settings,
      Metrics metrics,
      Clock clock,
      RandomGenerator random,
      Supplier<String> ids,
      Runnable heartbeat) {
    this.caches =
        caches.stream()
            .collect(Collectors.toUnmodifiableMap(WarmableCache::name, Function.identity()));
    this.loaders = new HashMap<>();
    for (WarmableCache cache : caches) {
      cache
          .loader()
          .ifPresent(
              loader ->
                  loaders.put(
                      cache.name(),
                      new LoadBreaker(
                          cache.name(), loader, settings.slowLoad(), settings.breakerRest())));
    }
    this.planner = planner;
    this.journal = journal;
    this.claim = claim;
    this.pauses = pauses;
    this.settings = settings;
    this.clock = clock;
    this.ids = ids;
    this.instance = ids.get();
    this.heartbeat = heartbeat;
    this.book = new RunBook(settings.queued(), settings.kept());
    this.limits = new RunLimits(clock, hitRatios, settings.ceiling());
    DatabasePace pace = new DatabasePace(settings.batchKeys(), settings.ceiling());
    this.desk =
        new RunExecution.Desk(
            new BatchWarmer(settings.storeTimeout(), pace, random),
            pace,
            threads(settings.ceiling()),
            List.copyOf(conditions),
            stopped,
            metrics);
    executing.setDaemon(true);
    following.setDaemon(true);
    metrics.gauge(Metric.WARMUP_CONCURRENCY, pace::allowed);
  }

  private static ExecutorService threads(int ceiling) {
    return Executors.newFixedThreadPool(
        ceiling,
        task -> {
          Thread each = new Thread(task, "warmup-batch");
          each.setDaemon(true);
          return each;
        });
  }

  /** Begins: first takes up the runs that earlier processes left, then what is submitted. */
  public void start() {
    following.start();
    executing.start();
  }

  /** Whether the runs of earlier processes are known. */
  public boolean hasTakenUp() {
    return takenUp;
  }

  /**
   * Asks for a run. One that waits or runs already, and warms all that is asked for, is the answer
   * where there is one. Of two instances that are asked in the same moment each may make a run; the
   * second of them finds everything warm.
   */
  public Submission submit(WarmupRequest request) {
    synchronized (submitting) {
      readOn();
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
      book.put(run);
      return new Submission.Accepted(run, false);
    }
  }

  /** A run that waits, runs, or ended not long ago. */
  public Optional<WarmupRun> find(String id) {
    return book.find(id);
  }

  /** All runs that are known, in the order in which they were asked for. */
  public List<WarmupRun> all() {
    return book.all();
  }

  /**
   * Ends a run: at once if it waits, after the batches under way if it runs.
   *
   * @return the run as it is then
   */
  public Optional<WarmupRun> cancel(String id) {
    book.cancel(id, clock.instant()).ifPresent(this::publish);
    return book.find(id);
  }

  /**
   * Holds a run until it is resumed; the batches under way end. Does nothing with one that has
   * ended or is held.
   *
   * @return the run as it is then; empty where there is none
   */
  public Optional<WarmupRun> pause(String id) {
    return turn(
        id,
        run -> run.state() == State.QUEUED || run.state() == State.RUNNING,
        run -> run.turned(State.PAUSED));
  }

  /** Lets a run that was held wait for its turn; it begins with what is not warm yet. */
  public Optional<WarmupRun> resume(String id) {
    return turn(
        id,
        run -> run.state() == State.PAUSED,
        run -> run.turned(State.QUEUED).with(Progress.NONE, Cost.NONE));
  }

  private Optional<WarmupRun> turn(
      String id, Predicate<WarmupRun> from, UnaryOperator<WarmupRun> to) {
    readOn();
    Optional<WarmupRun> run = book.find(id);
    run.filter(from)
        .map(to)
        .ifPresent(
            turned -> {
              book.put(turned);
              publish(turned);
              log.info("{} run={} cache={}", turned.state(), turned.id(), turned.cache());
            });
    return book.find(id);
  }

  /** Stops after what is on the way to a store; the run goes on elsewhere, or at the next start. */
  @Override
  public void close() {
    closing = true;
    stopped.countDown();
    executing.interrupt();
    desk.threads().shutdownNow();
    join(executing);
    join(following);
  }

  private static void join(Thread thread) {
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Learns what the journal holds, again and again. */
  private void follow() {
    while (!closing) {
      boolean read = readOn();
      try {
        closing |= stopped.await((read ? FOLLOW_EVERY : TURN).toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        closing = true;
      }
    }
  }

  private boolean readOn() {
    try {
      pauses.takeUp();
      List<String> old = book.fold(journal.read());
      if (claim.isHeld()) {
        old.forEach(journal::forget);
      }
      takenUp = true;
      return true;
    } catch (RuntimeException e) {
      if (!closing) {
        log.warn("runs of others are not known, trying again error={}", e.toString());
      }
      return false;
    }
  }

  private void execute() {
    while (!closing) {
      heartbeat.run();
      try {
        if (!takenUp || !claim.isHeld()) {
          closing |= stopped.await(FOLLOW_EVERY.toMillis(), TimeUnit.MILLISECONDS);
          continue;
        }
        Optional<WarmupRun> next = book.take(TURN, pauses::holds, instance, clock.instant());
        if (next.isPresent()) {
          run(next.get());
        }
      } catch (InterruptedException e) {
        closing = true;
      } catch (RuntimeException e) {
        log.error("warm-up runner failed, and goes on", e);
      }
    }
  }

  private void run(WarmupRun run) throws InterruptedException {
    log.info(
        "running run={} cache={} top={} term={}", run.id(), run.cache(), run.top(), run.term());
    try {
      publish(run);
      RunExecution.Ending ending;
      try {
        ending = execute(run);
      } catch (RuntimeException e) {
        if (closing) {
          return;
        }
        log.error("run failed run={}", run.id(), e);
        ending =
            failed(
                book.find(run.id()).orElse(run),
                "the run failed at a defect of Hearth: " + e.getClass().getSimpleName());
      }
      if (!closing) {
        end(run, ending);
      }
    } finally {
      if (book.leave()) {
        // It is another's now, who is to hear of it.
        book.cancel(run.id(), clock.instant()).ifPresent(this::publish);
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
        publish(waiting.get());
        return;
      }
    }
    Optional<WarmupRun> last =
        book.end(ending.run().ended(ending.state(), clock.instant(), ending.problem()));
    book.forgetOld().forEach(journal::forget);
    last.ifPresent(this::publish);
    log.info(
        "ended run={} cache={} state={} {}",
        run.id(),
        run.cache(),
        last.map(WarmupRun::state).orElse(ending.state()),
        ending.run().progress());
  }

  private RunExecution.Ending execute(WarmupRun run) throws InterruptedException {
    WarmableCache cache = caches.get(run.cache());
    BatchLoader loader = loaders.get(run.cache());
    if (cache == null) {
      return failed(run, "there is no cache \"" + run.cache() + "\" in the configuration");
    }
    if (loader == null) {
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
                loader,
                desk,
                limits,
                () -> closing || !claim.isHeld() || book.hasMoved(run) || pauses.holds(run.cache()),
                this::progressed)
            .execute(plan, settings.batchKeys());
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
    Optional<WarmupRun> mine = book.progressed(run);
    if (mine.isPresent() && isWorthPublishing(run)) {
      publishedNanos = System.nanoTime();
      published = mine;
      publish(run);
    }
  }

  /** News at once, mere numbers now and then. */
  private boolean isWorthPublishing(WarmupRun run) {
    boolean sameNews =
        published
            .filter(last -> last.id().equals(run.id()) && last.term() == run.term())
            .filter(last -> last.waitingFor().equals(run.waitingFor()))
            .filter(last -> last.progress().planned() == run.progress().planned())
            .isPresent();
    return !sameNews || System.nanoTime() - publishedNanos >= settings.progressEvery().toNanos();
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
