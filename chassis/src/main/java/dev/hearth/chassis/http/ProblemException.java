package dev.hearth.chassis.http;

/** Ends a request with a problem. */
public final class ProblemException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient ProblemDetail problem;

  /** Ends it with {@code problem}. */
  public ProblemException(ProblemDetail problem) {
    super(problem.detail());
    this.problem = problem;
  }

  /** What the caller gets. */
  public ProblemDetail problem() {
    return problem;
  }
}
