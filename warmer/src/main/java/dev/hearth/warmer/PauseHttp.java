package dev.hearth.warmer;

import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.schemas.warmup.Pause;
import dev.hearth.warmer.run.Pauses;
import dev.hearth.warmer.trigger.PauseRequests;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What HTTP asks to hold, to who holds it. Thread-safe.
 *
 * @param pauses throws a problem while they do not run
 */
record PauseHttp(Supplier<Pauses> pauses) implements PauseRequests {

  @Override
  public List<Pause> all() {
    Pauses all = pauses.get();
    if (!all.isKnown()) {
      throw new ProblemException(
          ProblemDetail.of(
              503,
              "Service Unavailable",
              "What is paused has not been read yet; ask again in a moment."));
    }
    return all.all();
  }

  @Override
  public Optional<String> pause(Optional<String> cache, String reason) {
    return pauses.get().pause(cache, reason);
  }

  @Override
  public Optional<String> resume(Optional<String> cache) {
    return pauses.get().resume(cache);
  }
}
