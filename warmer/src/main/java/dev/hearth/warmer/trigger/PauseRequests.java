package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.Pause;
import java.util.List;
import java.util.Optional;

/** Who holds warm-up runs. Thread-safe. */
public interface PauseRequests {
  List<Pause> all();

  /** Holds the runs of a cache, or of all; returns why not, empty where it is so. */
  Optional<String> pause(Optional<String> cache, String reason);

  /** Lets them go on; likewise. */
  Optional<String> resume(Optional<String> cache);
}
