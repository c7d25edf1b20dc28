package dev.hearth.warmer.audit;

import dev.hearth.schemas.audit.AuditVerdict;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is asked of an audit.
 *
 * @param targets compared one after the other, at least one
 * @param share of the entries, above 0, up to 1; see {@link Sampling}
 * @param length how long to pass over the targets again and again; empty: once
 * @param leftOut caches that nothing can be compared with
 */
record AuditRequest(
    List<Target> targets, double share, Optional<Duration> length, List<String> leftOut) {
  AuditRequest {
    targets = List.copyOf(targets);
    leftOut = List.copyOf(leftOut);
  }

  /** A cache in one store. */
  public record Target(String cache, String store, AuditVerdict.Mode mode) {}
}
