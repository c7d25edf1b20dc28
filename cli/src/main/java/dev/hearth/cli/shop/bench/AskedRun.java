package dev.hearth.cli.shop.bench;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.warmer.Warmer;
import dev.hearth.warmer.run.Submission;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The warm-up run that a phase asked for.
 *
 * @param beganAt when the phase did
 */
record AskedRun(Warmer warmer, String id, Instant beganAt) {
  /** What the heat publishes at most, so that more cannot be planned. */
  private static final int MOST_HOT_KEYS = 10_000;

  static AskedRun ask(Warmer warmer, BenchSettings settings, Instant beganAt) {
    Submission submission =
        warmer.submit(
            new WarmupRequest(
                WarmBench.CACHE,
                Math.min(settings.keys(), MOST_HOT_KEYS),
                WarmupRequest.Order.READS,
                new WarmupRequest.Budget(
                    Optional.empty(), Optional.empty(), Optional.empty(), settings.databaseShare()),
                Optional.empty(),
                "bench"));
    if (submission instanceof Submission.Accepted accepted) {
      return new AskedRun(warmer, accepted.run().id(), beganAt);
    }
    throw new IllegalStateException("the run was refused: " + submission);
  }

  /** Empty until it has ended. */
  Optional<Phase.Run> ended() {
    return warmer
        .find(id)
        .filter(run -> run.state().ended())
        .map(
            run -> {
              WarmupRun.Progress done = run.progress();
              Instant end = run.finishedAt().orElseGet(Instant::now);
              return new Phase.Run(
                  Math.max(0, Duration.between(beganAt, end).toNanos() / 1e9),
                  done.stored(),
                  done.failed() + done.busy() + done.leaseLost(),
                  run.problem().orElse(""));
            });
  }
}
