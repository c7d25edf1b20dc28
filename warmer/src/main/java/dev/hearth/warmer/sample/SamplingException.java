package dev.hearth.warmer.sample;

/** A store whose keys cannot be sampled now; the message says why and what to do. */
final class SamplingException extends Exception {
  private static final long serialVersionUID = 1L;

  SamplingException(String sentence) {
    super(sentence);
  }

  SamplingException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
