package dev.hearth.chassis.condition;

import java.util.List;

/** A text that is no condition; every reason in a sentence of its own. */
public final class ConditionException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  ConditionException(List<String> problems) {
    super(String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  /** At least one. */
  public List<String> problems() {
    return problems;
  }
}
