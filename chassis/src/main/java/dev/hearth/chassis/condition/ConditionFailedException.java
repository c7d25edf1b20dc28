package dev.hearth.chassis.condition;

/**
 * A row has a value that a condition cannot read. The message names its column, never the value.
 */
public final class ConditionFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ConditionFailedException(String message) {
    super(message);
  }
}
