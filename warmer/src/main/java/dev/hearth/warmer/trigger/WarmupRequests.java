package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import java.util.Optional;

/** Where requests go; thread-safe. */
public interface WarmupRequests {

  /** Asks for a run. */
  Answer request(WarmupRequest request);

  Optional<WarmupRun> find(String id);

  /** Ends a run; returns it as it then is, empty where there is none. */
  Optional<WarmupRun> cancel(String id);

  /** What a request came to. */
  sealed interface Answer {
    record Accepted(WarmupRun run) implements Answer {}

    /** Not now; the sentence says why and what to do. */
    record Refused(String sentence) implements Answer {}
  }
}
