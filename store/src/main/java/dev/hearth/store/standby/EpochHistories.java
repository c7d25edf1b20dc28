package dev.hearth.store.standby;

import dev.hearth.schemas.position.History;
import java.util.Optional;

/**
 * Which history each epoch is bound to. A binding never changes, so one that was learnt once may be
 * relied on for ever; one that is not known yet only sends loads to the primary. Thread-safe,
 * answers from memory.
 */
@FunctionalInterface
public interface EpochHistories {

  /** Empty where the epoch is not known, or not known for sure. */
  Optional<History> of(long epoch);
}
