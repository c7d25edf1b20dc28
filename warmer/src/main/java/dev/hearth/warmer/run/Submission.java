package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRun;

/** What became of a request for a run. */
public sealed interface Submission {

  /**
   * The run that serves the request.
   *
   * @param joined whether an identical one was waiting or running already
   */
  record Accepted(WarmupRun run, boolean joined) implements Submission {}

  /** Not now; the sentence says why and what to do. */
  record Refused(String sentence) implements Submission {}
}
