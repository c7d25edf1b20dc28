package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.WarmupRun;
import java.util.List;
import java.util.Set;

/** Starts configured plans; thread-safe. */
public interface PlanStarter {

  /** Names in the configuration. */
  Set<String> plans();

  /** Plans that a successful deployment to an environment of GitHub starts. */
  Set<String> plansOf(String environment);

  /**
   * Asks for the runs of a plan. Asking twice is harmless: what waits or runs already is joined.
   *
   * @param plan one of {@link #plans}
   * @param trigger who asks, for people
   */
  Started start(String plan, String trigger);

  /**
   * Asks for a run of one cache, by reads.
   *
   * @param cache one that can be warmed
   * @param top most keys, at least 1
   */
  Started startCache(String cache, int top, String trigger);

  /**
   * What became of it.
   *
   * @param runs that serve the plan
   * @param refusals one sentence for each cache of which no run was made, with the cache in front
   */
  record Started(List<WarmupRun> runs, List<String> refusals) {
    public Started {
      runs = List.copyOf(runs);
      refusals = List.copyOf(refusals);
    }
  }
}
