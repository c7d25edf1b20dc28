package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRequest;
import java.util.List;

/** What a run is to warm. */
@FunctionalInterface
public interface Planner {

  /**
   * The keys, hottest first, each once; may wait for what is known of them.
   *
   * @throws PlanningException if it is not known what is hot
   */
  List<String> plan(WarmupRequest request) throws InterruptedException, PlanningException;
}
