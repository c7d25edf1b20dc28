package dev.hearth.warmer.audit;

import dev.hearth.schemas.audit.AuditVerdict;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Audits that were asked for, one at a time, on a thread of its own; so that all of them together
 * ask the primary for one batch at a time. The latest are remembered while the process lives.
 * Thread-safe.
 */
public final class AuditRuns implements AutoCloseable {
  /** After it an audit compares nothing more, and settles what differs. */
  static final Duration LONGEST = Duration.ofHours(1);

  private static final Logger log = LoggerFactory.getLogger(AuditRuns.class);
  private static final Duration BETWEEN_PASSES = Duration.ofSeconds(1);
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(10);
  private static final int MOST_REMEMBERED = 20;

  private final Pass pass;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final CacheAuditor.Pause pause;
  private final SplittableRandom salts = new SplittableRandom();
  private final Map<String, AuditRun> runs = new LinkedHashMap<>();
  private @Nullable Execution running;

  /** Compares one cache in one store, once. */
  @FunctionalInterface
  public interface Pass {
    /**
     * Compares, and publishes the verdict.
     *
     * @param chosen of all keys those to compare
     * @param counts where to tell what was found
     * @throws RuntimeException whose message is one sentence without values of rows
     */
    AuditVerdict compare(
        String cache, String store, UnaryOperator<Stream<String>> chosen, AuditCounts counts)
        throws InterruptedException;
  }

  /** A run, and the thread that it is on. */
  private record Execution(AuditRun run, Thread thread) {}

  /** Nothing runs yet. */
  public AuditRuns(Pass pass, Clock clock) {
    this(pass, clock, System::nanoTime, time -> TimeUnit.NANOSECONDS.sleep(time.toNanos()));
  }

  AuditRuns(Pass pass, Clock clock, LongSupplier nanoTime, CacheAuditor.Pause pause) {
    this.pass = pass;
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.pause = pause;
  }

  /** What is answered to a request. */
  sealed interface Answer {
    record Started(AuditRun run) implements Answer {}

    /** Another one runs. */
    record Busy(AuditRun run) implements Answer {}
  }

  synchronized Answer begin(AuditRequest request) {
    Execution other = running;
    if (other != null && other.run().state() == AuditRun.State.RUNNING) {
      return new Answer.Busy(other.run());
    }
    AuditRun run = new AuditRun(UUID.randomUUID().toString(), request, clock.instant());
    runs.put(run.id(), run);
    if (runs.size() > MOST_REMEMBERED) {
      runs.remove(runs.keySet().iterator().next());
    }
    Thread thread = new Thread(() -> execute(run, other), "audit");
    thread.setDaemon(true);
    running = new Execution(run, thread);
    thread.start();
    return new Answer.Started(run);
  }

  synchronized Optional<AuditRun> find(String id) {
    return Optional.ofNullable(runs.get(id));
  }

  /** The latest last. */
  synchronized List<AuditRun> all() {
    return new ArrayList<>(runs.values());
  }

  /** Ends a run; what it has found stays. Empty where there is none of that name. */
  synchronized Optional<AuditRun> cancel(String id) {
    Execution now = running;
    if (now != null && now.run().id().equals(id)) {
      end(now.run(), AuditRun.State.CANCELLED);
      now.thread().interrupt();
    }
    return find(id);
  }

  private void execute(AuditRun run, @Nullable Execution before) {
    log.info("audit began id={} parts={}", run.id(), run.parts().size());
    long deadline = nanoTime.getAsLong() + run.request().length().orElse(LONGEST).toNanos();
    try {
      if (before != null) {
        // One that was cancelled may still be within its last query.
        before.thread().join(LONGEST_CLOSE.toMillis());
      }
      do {
        passOver(run, deadline);
      } while (run.request().length().isPresent() && hasNext(run, deadline));
      end(
          run,
          run.parts().stream().allMatch(part -> part.problem().isEmpty())
              ? AuditRun.State.DONE
              : AuditRun.State.FAILED);
    } catch (InterruptedException e) {
      end(run, AuditRun.State.CANCELLED);
    } finally {
      // An error: the thread ends with it, and the next audit must not wait for this one.
      end(run, AuditRun.State.FAILED);
    }
    log.info("audit ended id={} state={}", run.id(), run.state());
  }

  /** Waits for the time of the next pass; false where there is none. */
  private boolean hasNext(AuditRun run, long deadline) throws InterruptedException {
    long left = deadline - nanoTime.getAsLong();
    if (left <= 0 || run.parts().stream().noneMatch(part -> part.problem().isEmpty())) {
      return false;
    }
    pause.of(Duration.ofNanos(Math.min(left, BETWEEN_PASSES.toNanos())));
    return nanoTime.getAsLong() < deadline;
  }

  private void passOver(AuditRun run, long deadline) throws InterruptedException {
    long salt = salts.nextLong();
    for (AuditRun.Part part : run.parts()) {
      if (part.problem().isEmpty()) {
        passOver(run, part, salt, deadline);
      }
    }
  }

  private void passOver(AuditRun run, AuditRun.Part part, long salt, long deadline)
      throws InterruptedException {
    if (run.state() != AuditRun.State.RUNNING) {
      throw new InterruptedException("the audit was ended");
    }
    AtomicBoolean whole = new AtomicBoolean(true);
    Sampling sampling = new Sampling(run.request().share(), salt);
    try {
      AuditVerdict verdict =
          pass.compare(
              part.target().cache(),
              part.target().store(),
              keys ->
                  keys.takeWhile(
                          key -> {
                            boolean goOn =
                                nanoTime.getAsLong() < deadline
                                    && run.state() == AuditRun.State.RUNNING;
                            if (!goOn) {
                              whole.set(false);
                            }
                            return goOn;
                          })
                      .filter(sampling),
              part.counts());
      part.passed(verdict, whole.get());
    } catch (RuntimeException e) {
      if (run.state() == AuditRun.State.RUNNING) {
        log.warn("audit failed cache={} store={}", part.target().cache(), part.target().store(), e);
        part.failed(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
      }
    } finally {
      part.counts().suspected(0);
    }
  }

  private void end(AuditRun run, AuditRun.State as) {
    run.end(as, clock.instant());
  }

  /** Ends what runs, and waits until it has let go of the database and the stores. */
  @Override
  public void close() {
    Execution last;
    synchronized (this) {
      last = running;
    }
    if (last != null) {
      end(last.run(), AuditRun.State.CANCELLED);
      last.thread().interrupt();
      try {
        last.thread().join(LONGEST_CLOSE.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
