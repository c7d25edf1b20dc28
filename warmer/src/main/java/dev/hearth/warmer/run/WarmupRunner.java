package dev.hearth.warmer.run;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
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

  private final RunnerSettings settings;
  private final Clock clock;
  private final Supplier<String> ids;
  private final RunBook book;
  private final RunRecorder recorder;
  private final RunFollower follower;
  private final ExecutorService batches;
  private final Thread executing;
  private final Thread following;
  private final Object submitting = new Object();
  private final CountDownLatch stopped = new CountDownLatch(1);

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
    this.settings = settings;
    this.clock = clock;
    this.ids = ids;
    this.book = new RunBook(settings.queued(), settings.kept());
    this.recorder = new RunRecorder(journal, settings.progressEvery());
    this.follower = new RunFollower(journal, pauses, book, claim, recorder, stopped);
    this.batches = threads(settings.ceiling());
    DatabasePace pace = new DatabasePace(settings.batchKeys(), settings.ceiling());
    RunExecutor executor =
        new RunExecutor(
            caches.stream()
                .collect(Collectors.toUnmodifiableMap(WarmableCache::name, Function.identity())),
            planner,
            book,
            recorder,
            claim,
            pauses,
            new RunExecution.Desk(
                new BatchWarmer(settings.storeTimeout(), pace, random),
                pace,
                batches,
                List.copyOf(conditions),
                stopped,
                metrics),
            new RunLimits(clock, hitRatios, settings.ceiling()),
            settings.batchKeys(),
            clock,
            ids.get(),
            heartbeat);
    this.executing = new Thread(() -> executor.executeAll(follower::hasTakenUp), "warmup-runner");
    this.following = new Thread(follower::follow, "warmup-journal");
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
    return follower.hasTakenUp();
  }

  /**
   * Asks for a run. One that waits or runs already, and warms all that is asked for, is the answer
   * where there is one. Of two instances that are asked in the same moment each may make a run; the
   * second of them finds everything warm.
   */
  public Submission submit(WarmupRequest request) {
    synchronized (submitting) {
      follower.readOn();
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
      Optional<String> unkept = recorder.publishAndAwait(run);
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
    book.cancel(id, clock.instant()).ifPresent(recorder::publish);
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
    follower.readOn();
    Optional<WarmupRun> run = book.find(id);
    run.filter(from)
        .map(to)
        .ifPresent(
            turned -> {
              book.put(turned);
              recorder.publish(turned);
              log.info("{} run={} cache={}", turned.state(), turned.id(), turned.cache());
            });
    return book.find(id);
  }

  /** Stops after what is on the way to a store; the run goes on elsewhere, or at the next start. */
  @Override
  public void close() {
    stopped.countDown();
    executing.interrupt();
    batches.shutdownNow();
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
}
