package dev.hearth.chassis.health;

/**
 * Whether one thing that the service needs is there.
 *
 * @param ready whether it is
 * @param sentence what was found, and the cure where it is not ready; no secrets
 */
public record Readiness(boolean ready, String sentence) {

  /** It is there. */
  public static Readiness ready(String sentence) {
    return new Readiness(true, sentence);
  }

  /** It is not there, or not yet. */
  public static Readiness notReady(String sentence) {
    return new Readiness(false, sentence);
  }
}
