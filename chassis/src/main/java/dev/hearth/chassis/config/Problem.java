package dev.hearth.chassis.config;

import java.util.Optional;

/**
 * One thing that is wrong with a configuration, or works at a cost.
 *
 * @param path where, such as {@code caches.product.ttl} or {@code rules[1].keys[0]}
 * @param message what was found, what is expected, what to do; never a secret
 * @param cure what can be run as it stands; empty where the message says what to do
 */
public record Problem(String path, String message, Optional<Cure> cure) {
  /**
   * A statement that helps.
   *
   * @param purpose what it is for, such as {@code to have it in the log}
   * @param statement SQL
   */
  public record Cure(String purpose, String statement) {}

  public Problem(String path, String message) {
    this(path, message, Optional.empty());
  }

  /** The same elsewhere. */
  public Problem at(String place) {
    return new Problem(place, message, cure);
  }

  /** Without the cure. */
  public String finding() {
    return path + ": " + message;
  }

  @Override
  public String toString() {
    return finding() + cure.map(run -> "; " + run.purpose() + " run " + run.statement()).orElse("");
  }
}
