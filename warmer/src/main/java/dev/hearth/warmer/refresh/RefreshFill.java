package dev.hearth.warmer.refresh;

import java.util.List;
import java.util.Map;

/** Fills keys in a store, under leases. */
@FunctionalInterface
public interface RefreshFill {

  /**
   * Fills a batch; blocks until that is done, within a bound.
   *
   * @return keys by outcome: stored, already_warm, lease_lost, busy, absent, failed
   */
  Map<String, Integer> fill(String cache, String store, List<String> keys)
      throws InterruptedException;
}
