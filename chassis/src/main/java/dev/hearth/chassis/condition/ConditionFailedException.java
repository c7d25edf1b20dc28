package dev.hearth.chassis.condition;

/**
 * A row has a value that a condition cannot read. The message names its column, never the value.
 */
public final class ConditionFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message which column of which row, and as what it should be read
   */
  public ConditionFailedException(String message) {
    super(message);
  }
}
