package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRequest;

/** What a run is to warm. */
@FunctionalInterface
public interface Planner {

  /**
   * The plan as things are now; may wait for what is known of them.
   *
   * @throws PlanningException if it is not known what is hot
   */
  RunPlan plan(WarmupRequest request) throws InterruptedException, PlanningException;
}
