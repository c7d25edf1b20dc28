package dev.hearth.chassis.config;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A configuration that cannot be used. Its message is all problems, one a line, in the order of the
 * file; to be printed without a stack trace, exit status 2.
 */
public final class ConfigException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  /**
   * @param problems at least one
   */
  public ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    if (problems.isEmpty()) {
      throw new IllegalArgumentException("a ConfigException without a problem");
    }
    this.problems = List.copyOf(problems);
  }

  /** Every problem, in the order of the file; at least one. */
  public List<Problem> problems() {
    return problems;
  }
}
