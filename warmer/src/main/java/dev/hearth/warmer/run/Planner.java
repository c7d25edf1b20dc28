package dev.hearth.warmer.run;

import java.util.List;

/** What a run is to warm. */
@FunctionalInterface
public interface Planner {

  /**
   * The keys, hottest first, each once; may wait for what is known of them.
   *
   * @param top most keys, at least 1
   * @throws PlanningException if it is not known what is hot
   */
  List<String> plan(String cache, int top) throws InterruptedException, PlanningException;
}
