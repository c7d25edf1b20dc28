package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import java.util.List;
import java.util.Optional;

/** Where requests go; thread-safe. */
public interface WarmupRequests {

  /** Asks for a run. */
  Answer request(WarmupRequest request);

  /** What a run would do; makes none. Looks into the stores, and may take seconds. */
  Plan explain(WarmupRequest request) throws InterruptedException;

  Optional<WarmupRun> find(String id);

  /** Those that wait, run, or ended not long ago. */
  List<WarmupRun> all();

  /** Ends a run; returns it as it then is, empty where there is none. */
  Optional<WarmupRun> cancel(String id);

  /** Holds a run; returns it as it then is, empty where there is none. */
  Optional<WarmupRun> pause(String id);

  /** Lets a held run go on; returns it as it then is, empty where there is none. */
  Optional<WarmupRun> resume(String id);

  /** The hit ratio of a run's cache since it began. */
  HitRatioView hitRatio(WarmupRun run);

  /** What a request came to. */
  sealed interface Answer {
    record Accepted(WarmupRun run) implements Answer {}

    /** Not now; the sentence says why and what to do. */
    record Refused(String sentence) implements Answer {}
  }

  /** What an explanation came to. */
  sealed interface Plan {
    record Explained(PlanAnswer plan) implements Plan {}

    /** Not now; the sentence says why and what to do. */
    record Unknown(String sentence) implements Plan {}
  }
}
