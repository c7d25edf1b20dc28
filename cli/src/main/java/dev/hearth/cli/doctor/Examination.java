package dev.hearth.cli.doctor;

import java.util.List;
import java.util.function.Consumer;

/**
 * One server and everything that is asked of it, in order, over one connection.
 *
 * @param <C> the connection
 */
public final class Examination<C extends AutoCloseable> {
  private final String server;
  private final Opening<C> opening;
  private final List<Check<C>> checks;

  /** Connects. */
  @FunctionalInterface
  interface Opening<C> {
    /**
     * Connects.
     *
     * @throws Exception whose message is a sentence for the user
     */
    C open() throws Exception;
  }

  Examination(String server, Opening<C> opening, List<Check<C>> checks) {
    this.server = server;
    this.opening = opening;
    this.checks = List.copyOf(checks);
  }

  String server() {
    return server;
  }

  /**
   * Asks; takes as long as the server does.
   *
   * @param asking told of each check before it is made
   */
  void run(Consumer<String> asking, Consumer<Finding> found) {
    asking.accept("answers");
    C connection;
    try {
      connection = opening.open();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (Exception e) {
      found.accept(new Finding(server, "answers", Verdict.problem(Reasons.of(e))));
      if (!checks.isEmpty()) {
        found.accept(
            new Finding(
                server,
                "all else",
                Verdict.unknown(
                    "was not looked at, for want of an answer ("
                        + String.join(", ", checks.stream().map(Check::name).toList())
                        + ")")));
      }
      return;
    }
    try (connection) {
      for (Check<C> check : checks) {
        asking.accept(check.name());
        check
            .run(connection)
            .forEach(verdict -> found.accept(new Finding(server, check.name(), verdict)));
      }
    } catch (Exception e) {
      // Everything was asked; a connection that does not close is nobody's problem.
      return;
    }
  }
}
