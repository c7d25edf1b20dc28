package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.TriggerClaim;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Claims in the order of their topic: the first to each trigger holds it, for a day. For one
 * thread.
 *
 * <p>A day is longer than anything that a claim protects can come back: a webhook's time is refused
 * after two hours at the most, and a time of a schedule is not made up for.
 */
final class ClaimBook {
  static final Duration KEPT = Duration.ofDays(1);

  private record Holder(String claimant, Instant at) {}

  private final Map<String, Holder> holders = new LinkedHashMap<>();

  void take(TriggerClaim claim) {
    Holder holder = holders.get(claim.trigger());
    if (claim.released()) {
      if (holder != null && holder.claimant().equals(claim.claimant())) {
        holders.remove(claim.trigger());
      }
      return;
    }
    if (holder == null) {
      holders.put(claim.trigger(), new Holder(claim.claimant(), claim.at()));
      forget(claim.at().minus(KEPT));
    }
  }

  Optional<String> holderOf(String trigger) {
    return Optional.ofNullable(holders.get(trigger)).map(Holder::claimant);
  }

  int size() {
    return holders.size();
  }

  private void forget(Instant before) {
    for (Iterator<Holder> oldest = holders.values().iterator();
        oldest.hasNext() && oldest.next().at().isBefore(before); ) {
      oldest.remove();
    }
  }
}
