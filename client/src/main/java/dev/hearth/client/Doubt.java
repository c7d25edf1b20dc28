package dev.hearth.client;

import dev.hearth.client.CacheMeters.Bypass;
import dev.hearth.client.feed.Evidence;
import java.time.Duration;
import java.util.Optional;

/** Why an answer cannot be proven to be as fresh as it must be. */
enum Doubt {
  /** What vouches for it lies before the token. */
  BEHIND_TOKEN(Bypass.BEHIND_TOKEN),
  /** What vouches for it is older than the bound. */
  TOO_OLD(Bypass.TOO_OLD),
  /** Nothing is known that the token or the bound could be compared with. */
  UNPROVEN(Bypass.UNPROVEN);

  private final Bypass bypass;

  Doubt(Bypass bypass) {
    this.bypass = bypass;
  }

  /** What a read that goes to the database because of it is counted as. */
  Bypass bypass() {
    return bypass;
  }

  /** Decides; pure. Empty where the answer is proven to be fresh. */
  static Optional<Doubt> of(Freshness asked, Evidence evidence) {
    if (asked instanceof Freshness.After after) {
      return evidence.history().isEmpty()
          ? Optional.of(UNPROVEN)
          : unless(
              after.token().isReached(evidence.history().get(), evidence.position().lsn()),
              BEHIND_TOKEN);
    }
    if (asked instanceof Freshness.Within within) {
      return evidence.age().isEmpty()
          ? Optional.of(UNPROVEN)
          : unless(isWithin(within.bound(), evidence), TOO_OLD);
    }
    return Optional.empty();
  }

  /** Whether what vouches for an answer is younger than a bound; not where its age is unknown. */
  static boolean isWithin(Duration bound, Evidence evidence) {
    return evidence.age().filter(age -> age.compareTo(bound) <= 0).isPresent();
  }

  private static Optional<Doubt> unless(boolean proven, Doubt doubt) {
    return proven ? Optional.empty() : Optional.of(doubt);
  }
}
