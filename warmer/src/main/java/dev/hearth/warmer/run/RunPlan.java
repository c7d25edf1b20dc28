package dev.hearth.warmer.run;

import java.util.List;
import java.util.Map;

/**
 * What a run is to do.
 *
 * @param keys to load, the first ones first, each once
 * @param warmKeys asked for, and in every store already
 * @param leftOut hot keys that are not warmed, by reason
 * @param expectedBytes of the values of the keys, in one store; 0 where nothing is known of them
 */
public record RunPlan(
    List<String> keys, int warmKeys, Map<String, Integer> leftOut, long expectedBytes) {
  public RunPlan {
    keys = List.copyOf(keys);
    leftOut = Map.copyOf(leftOut);
  }

  /** All of these keys, of which nothing is known. */
  public static RunPlan of(List<String> keys) {
    return new RunPlan(keys, 0, Map.of(), 0);
  }
}
