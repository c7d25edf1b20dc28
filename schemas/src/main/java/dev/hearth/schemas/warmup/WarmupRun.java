package dev.hearth.schemas.warmup;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;

/**
 * A warm-up run: what was asked for, and how far it is.
 *
 * <p>Its records are written by several instances. Of two, the one with the higher term counts, and
 * within a term the later one; nothing follows upon an ended one. So an instance that has lost a
 * run without knowing it yet does no harm to its counts. See {@link #yieldsTo}.
 *
 * @param progress and {@code cost}: of the present owner, who begins with what is not warm yet
 * @param leftOut hot keys that the plan left out, by reason
 * @param term at least 0; raised by whoever takes, holds, resumes or cancels the run
 * @param owner the instance that executes it, or did last
 * @param startedAt when that began, on its clock
 * @param problem why it did not end as it should, or what is worth knowing of it
 * @param waitingFor why it does not go on just now
 */
public record WarmupRun(
    String id,
    WarmupRequest request,
    State state,
    Progress progress,
    Cost cost,
    Map<String, Integer> leftOut,
    int term,
    Optional<String> owner,
    Instant requestedAt,
    Optional<Instant> startedAt,
    Optional<Instant> finishedAt,
    Optional<String> problem,
    Optional<String> waitingFor) {

  public WarmupRun {
    leftOut = Map.copyOf(leftOut);
  }

  /** A run that waits for its turn. */
  public static WarmupRun queued(String id, WarmupRequest request, Instant requestedAt) {
    return new WarmupRun(
        id,
        request,
        State.QUEUED,
        Progress.NONE,
        Cost.NONE,
        Map.of(),
        0,
        Optional.empty(),
        requestedAt,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** How far a run is in its life. */
  public enum State {
    QUEUED,
    RUNNING,
    /** Held until somebody resumes it. */
    PAUSED,
    DONE,
    FAILED,
    CANCELLED;

    public boolean ended() {
      return this == DONE || this == FAILED || this == CANCELLED;
    }
  }

  /**
   * Entries by outcome; one key in two stores counts twice.
   *
   * @param leaseLost fills refused because a change came in between
   * @param busy somebody else was filling
   * @param absent the load query returned no row
   */
  public record Progress(
      int planned, int stored, int alreadyWarm, int leaseLost, int busy, int absent, int failed) {
    public static final Progress NONE = new Progress(0, 0, 0, 0, 0, 0, 0);

    public int done() {
      return stored + alreadyWarm + leaseLost + busy + absent + failed;
    }

    /** Both together. */
    public Progress plus(Progress other) {
      return new Progress(
          planned + other.planned,
          stored + other.stored,
          alreadyWarm + other.alreadyWarm,
          leaseLost + other.leaseLost,
          busy + other.busy,
          absent + other.absent,
          failed + other.failed);
    }
  }

  /**
   * What a run has spent.
   *
   * @param bytes of the values that were loaded
   * @param databaseTime in load queries, summed over connections
   */
  public record Cost(long bytes, Duration databaseTime) {
    public static final Cost NONE = new Cost(0, Duration.ZERO);

    /** Topics carry microseconds. */
    public Cost {
      databaseTime = databaseTime.truncatedTo(ChronoUnit.MICROS);
    }

    /** Both together. */
    public Cost plus(Cost other) {
      return new Cost(bytes + other.bytes, databaseTime.plus(other.databaseTime));
    }
  }

  public String cache() {
    return request.cache();
  }

  public int top() {
    return request.top();
  }

  /** Whether a record of the same run that comes after this one counts. */
  public boolean yieldsTo(WarmupRun later) {
    return !state.ended() && later.term >= term;
  }

  /** It as its next owner begins it: nothing done yet. */
  public WarmupRun taken(String by, Instant at) {
    return new WarmupRun(
        id,
        request,
        State.RUNNING,
        Progress.NONE,
        Cost.NONE,
        Map.of(),
        term + 1,
        Optional.of(by),
        requestedAt,
        Optional.of(at),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** It waiting for its turn again, or held; whoever executes it stops. */
  public WarmupRun turned(State next) {
    return new WarmupRun(
        id,
        request,
        next,
        progress,
        cost,
        leftOut,
        term + 1,
        owner,
        requestedAt,
        startedAt,
        finishedAt,
        problem,
        Optional.empty());
  }

  public WarmupRun with(Progress reached, Cost spent) {
    return new WarmupRun(
        id,
        request,
        state,
        reached,
        spent,
        leftOut,
        term,
        owner,
        requestedAt,
        startedAt,
        finishedAt,
        problem,
        Optional.empty());
  }

  public WarmupRun leavingOut(Map<String, Integer> byReason) {
    return new WarmupRun(
        id,
        request,
        state,
        progress,
        cost,
        byReason,
        term,
        owner,
        requestedAt,
        startedAt,
        finishedAt,
        problem,
        waitingFor);
  }

  public WarmupRun waitingFor(String sentence) {
    return new WarmupRun(
        id,
        request,
        state,
        progress,
        cost,
        leftOut,
        term,
        owner,
        requestedAt,
        startedAt,
        finishedAt,
        problem,
        Optional.of(sentence));
  }

  public WarmupRun ended(State last, Instant at, Optional<String> why) {
    return new WarmupRun(
        id,
        request,
        last,
        progress,
        cost,
        leftOut,
        term,
        owner,
        requestedAt,
        startedAt,
        Optional.of(at),
        why,
        Optional.empty());
  }
}
