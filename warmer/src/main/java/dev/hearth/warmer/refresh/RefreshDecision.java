package dev.hearth.warmer.refresh;

import dev.hearth.schemas.access.Churn;
import dev.hearth.schemas.access.HotKeys.HotKey;
import java.util.Optional;

/** Whether an entry that a change took out is filled again without waiting for a reader. */
enum RefreshDecision {
  /** Its next read is expected before its next write: a fill is more likely used than wasted. */
  REFRESH,
  /** It is not among the hot keys: nothing says that it will be read again. */
  NOT_HOT,
  /** It is hot, and written as often as it is read. */
  CHURNING;

  /** Decides for a key; pure. */
  static RefreshDecision of(Optional<HotKey> hot) {
    if (hot.isEmpty()) {
      return NOT_HOT;
    }
    return Churn.isReadBeforeWritten(hot.get()) ? REFRESH : CHURNING;
  }
}
