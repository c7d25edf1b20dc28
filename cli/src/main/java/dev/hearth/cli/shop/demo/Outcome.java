package dev.hearth.cli.shop.demo;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.hearth.chassis.metrics.LagSnapshot;
import java.util.Map;

/**
 * What came of a demo.
 *
 * @param hitRatio share of reads that no loader ran for, 0 to 1
 * @param lagMillis from the commit to the store's acknowledgement
 * @param steadyLagMillis the same after the first ten seconds, when most code is compiled; zeros in
 *     a shorter demo
 * @param phases the same way in its parts, by name
 * @param audited entries of fenced caches compared with the database
 * @param stale those that differ from the database, and went on differing
 * @param warmedKeys entries that warm-up runs stored
 * @param startupSeconds from the command to the first traffic
 * @param failures reads and writes that failed, or were turned away since the machine was too slow
 */
@JsonPropertyOrder({"reads", "writes", "hitRatio", "lagMillis", "steadyLagMillis"})
public record Outcome(
    long reads,
    long writes,
    double hitRatio,
    Lag lagMillis,
    Lag steadyLagMillis,
    Map<String, Lag> phases,
    long audited,
    long stale,
    long warmedKeys,
    double startupSeconds,
    long failures) {

  /** A lag in milliseconds; from commits on, clocks of database and services are compared. */
  public record Lag(double p50, double p99, double max) {
    static Lag of(LagSnapshot snapshot) {
      return new Lag(
          rounded(snapshot.p50Millis()),
          rounded(snapshot.p99Millis()),
          rounded(snapshot.maxMillis()));
    }
  }

  static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  /** What the audit proves. */
  public enum Proof {
    TRUE("the caches are true"),
    NONE("no entry was cached, so that nothing is proven"),
    STALE("SOMETHING IS WRONG");

    private final String sentence;

    Proof(String sentence) {
      this.sentence = sentence;
    }

    public String sentence() {
      return sentence;
    }
  }

  /** For programs that read the outcome. */
  public boolean isCoherent() {
    return proof() == Proof.TRUE;
  }

  public Proof proof() {
    if (stale > 0) {
      return Proof.STALE;
    }
    return audited > 0 ? Proof.TRUE : Proof.NONE;
  }
}
