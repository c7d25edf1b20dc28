package dev.hearth.warmer.plan;

import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a run will warm, hottest first, each key once.
 *
 * @param keys all of the cache's template, at most as many as were asked for
 * @param leftOut hot keys that are not of the cache's template: reports come from outside, and what
 *     is not a configured key is never loaded
 */
public record WarmupPlan(List<String> keys, int leftOut) {
  /** Nothing is hot, or nothing is known. */
  public static final WarmupPlan EMPTY = new WarmupPlan(List.of(), 0);

  public WarmupPlan {
    keys = List.copyOf(keys);
  }

  /**
   * Plans a run. Keys that are left out do not use up the budget.
   *
   * @param top most keys to warm, at least 1
   */
  public static WarmupPlan of(HotKeys hot, int top, KeyTemplate template) {
    if (top < 1) {
      throw new IllegalArgumentException("top is " + top + "; expected 1 or more");
    }
    Set<String> planned = new LinkedHashSet<>();
    Set<String> foreign = new LinkedHashSet<>();
    for (HotKeys.HotKey key : hot.keys()) {
      if (planned.size() == top) {
        break;
      }
      (isOf(template, key.key()) ? planned : foreign).add(key.key());
    }
    return new WarmupPlan(new ArrayList<>(planned), foreign.size());
  }

  private static boolean isOf(KeyTemplate template, String key) {
    return template.parseKey(key).isPresent();
  }
}
