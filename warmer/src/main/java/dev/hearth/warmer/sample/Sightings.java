package dev.hearth.warmer.sample;

import dev.hearth.schemas.access.AccessReport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/** What was sampled, as a client would have reported it. Pure but for its source of chance. */
final class Sightings {
  private final String source;
  private final double perSecond;
  private final DoubleSupplier random;

  /**
   * @param source named in the reports as their client
   * @param perSecond keys that are looked at, above zero
   * @param random numbers from 0 to below 1
   */
  Sightings(String source, double perSecond, DoubleSupplier random) {
    this.source = source;
    this.perSecond = perSecond;
    this.random = random;
  }

  /**
   * The report of a step; empty where nothing was read. A sighting stands for the reads until the
   * next one. Reads are whole numbers, and most keys of a store are read less than once in a round:
   * a fraction is rounded up as often as it says, so that sums are right.
   */
  Optional<AccessReport> report(KeySampler.Step step, Instant from, Instant to) {
    double secondsPerRound = Math.max(1, step.keysPerRound() / perSecond);
    List<AccessReport.KeyCount> counts = new ArrayList<>();
    for (KeySampler.Sighting each : step.sightings()) {
      double reads = each.readsPerSecond() * secondsPerRound;
      long whole = (long) reads;
      long rounded = whole + (random.getAsDouble() < reads - whole ? 1 : 0);
      if (rounded > 0) {
        counts.add(new AccessReport.KeyCount(each.cache(), each.key(), rounded, 0, Duration.ZERO));
      }
    }
    return counts.isEmpty()
        ? Optional.empty()
        : Optional.of(new AccessReport(source, from, to, counts, 0));
  }
}
