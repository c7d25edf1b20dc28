package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * When a run has done enough, and how long it is to pause: its budgets and its goal. Thread-safe.
 *
 * @param connections the ceiling, at least 1
 */
record RunLimits(Clock clock, HitRatios hitRatios, int connections) {

  /** Why a run ends here; empty where it goes on. */
  Optional<String> enough(WarmupRun run) {
    WarmupRequest request = run.request();
    Optional<Duration> time = request.budget().time();
    if (time.isPresent() && passed(run).compareTo(time.get()) >= 0) {
      return Optional.of("its budget of " + text(time.get()) + " is used up" + reached(run));
    }
    Optional<Long> bytes = request.budget().bytes();
    if (bytes.isPresent() && run.cost().bytes() >= bytes.get()) {
      return Optional.of("its budget of " + bytes.get() + " bytes is used up" + reached(run));
    }
    if (request.until().isPresent() && run.startedAt().isPresent()) {
      HitRatio ratio = hitRatios.of(run.cache(), run.startedAt().get());
      if (ratio.isKnown() && ratio.value() >= request.until().get()) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "the hit ratio is %.3f, which is the %s that was wanted%s",
                ratio.value(),
                request.until().get(),
                reached(run)));
      }
    }
    return Optional.empty();
  }

  /** How long the share of the database's time bids to wait; zero where not at all. */
  Duration pause(WarmupRun run) {
    return run.request()
        .budget()
        .databaseShare()
        .map(
            share ->
                new DatabaseShare(share, connections).pause(run.cost().databaseTime(), passed(run)))
        .orElse(Duration.ZERO);
  }

  private Duration passed(WarmupRun run) {
    Instant now = clock.instant();
    return Duration.between(run.startedAt().orElse(now), now);
  }

  private static String reached(WarmupRun run) {
    return ", with " + run.progress().done() + " of " + run.progress().planned() + " entries done";
  }

  private static String text(Duration time) {
    return time.toMillis() % 1_000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }
}
