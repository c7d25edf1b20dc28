package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRequest;

/**
 * Whether a run may put more into the stores just now: asked before each of its batches, from the
 * runner's thread. It answers from memory or within a second, and throws nothing.
 */
@FunctionalInterface
public interface StartCondition {

  Verdict check(WarmupRequest request, Batch next);

  /**
   * What the run would do next.
   *
   * @param keys of it
   * @param expectedBytes of their values in one store; 0 where nothing is known of them
   */
  record Batch(int keys, long expectedBytes) {}

  /** What it says. */
  sealed interface Verdict {
    Verdict GO = new Go();

    record Go() implements Verdict {}

    /** Not now: the run waits, shows the sentence, and asks again. */
    record Wait(String sentence) implements Verdict {}

    /** Never: the run ends as failed, with the sentence as its problem. */
    record Refuse(String sentence) implements Verdict {}
  }
}
