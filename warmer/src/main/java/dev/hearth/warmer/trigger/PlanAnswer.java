package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What a run would do, as HTTP shows it.
 *
 * @param keys how many it would load
 * @param first of them
 * @param leftOut hot keys that it would not load, by reason
 * @param expectedBytes of the values in one store; 0 where no size is known
 * @param expectedLoadMillis what clients spend to load these once, key by key: the database time
 *     that the run saves, and an upper bound of what its batches take; 0 where no load was seen
 */
public record PlanAnswer(
    String cache,
    int keys,
    List<String> first,
    List<LeftOut> leftOut,
    long expectedBytes,
    double expectedLoadMillis) {
  /** How many keys are listed. */
  public static final int MOST_LISTED = 20;

  public PlanAnswer {
    first = List.copyOf(first);
    leftOut = List.copyOf(leftOut);
  }

  /** For programs, that this is a plan and no run. */
  @JsonProperty("dryRun")
  public boolean isDryRun() {
    return true;
  }

  /** Keys left out for one reason. */
  public record LeftOut(String reason, String sentence, int keys, List<String> examples) {
    public LeftOut {
      examples = List.copyOf(examples);
    }
  }
}
