package dev.hearth.warmer.plan;

import dev.hearth.warmer.plan.LeftOut.Reason;
import java.util.List;

/**
 * What a run will warm, and what not, and why.
 *
 * @param keys to load, the first ones first; all of the cache's template, each once
 * @param leftOut by reason, none with 0 keys
 * @param expectedBytes of the values, in one store; a key of unknown size counts with the mean of
 *     the others, so 0 where no size is known
 * @param expectedLoadMicros what clients spend to load all of these once, key by key: the database
 *     time that the run saves them, and more than its own batches take; 0 where no load was seen
 */
public record WarmupPlan(
    List<String> keys, List<LeftOut> leftOut, long expectedBytes, long expectedLoadMicros) {
  /** Nothing is hot, or nothing is known. */
  public static final WarmupPlan EMPTY = new WarmupPlan(List.of(), List.of(), 0, 0);

  public WarmupPlan {
    keys = List.copyOf(keys);
    leftOut = List.copyOf(leftOut);
  }

  /** How many keys are left out for a reason. */
  public int leftOut(Reason reason) {
    return leftOut.stream()
        .filter(each -> each.reason() == reason)
        .mapToInt(LeftOut::keys)
        .findFirst()
        .orElse(0);
  }
}
