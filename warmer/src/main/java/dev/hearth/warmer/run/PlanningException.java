package dev.hearth.warmer.run;

/** A run that could not be planned; the message is one sentence for its problem. */
public final class PlanningException extends Exception {
  private static final long serialVersionUID = 1L;

  public PlanningException(String sentence) {
    super(sentence);
  }
}
