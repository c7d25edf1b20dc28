package dev.hearth.schemas.warmup;

import java.time.Instant;
import java.util.Optional;

/**
 * A warm-up run: what was asked for, and how far it is.
 *
 * @param top how many of the hottest keys were asked for
 * @param trigger who asked: http, command, ...
 */
public record WarmupRun(
    String id,
    String cache,
    int top,
    String trigger,
    State state,
    Progress progress,
    Instant requestedAt,
    Optional<Instant> finishedAt,
    Optional<String> problem) {

  /** How far a run is in its life. */
  public enum State {
    QUEUED,
    RUNNING,
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
  }

  public WarmupRun with(State next, Progress reached) {
    return new WarmupRun(id, cache, top, trigger, next, reached, requestedAt, finishedAt, problem);
  }

  public WarmupRun ended(State last, Instant at, Optional<String> why) {
    return new WarmupRun(
        id, cache, top, trigger, last, progress, requestedAt, Optional.of(at), why);
  }
}
