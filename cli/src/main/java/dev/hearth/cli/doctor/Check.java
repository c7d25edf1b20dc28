package dev.hearth.cli.doctor;

import java.util.List;
import java.util.function.Function;

/**
 * One thing to look at: how it is read, and what is made of it. The decision is pure, so that it
 * can be tried without the server.
 *
 * @param <C> what is asked, a connection
 */
record Check<C>(String name, Reading<C, List<Verdict>> ask) {

  /** Reads one fact or several that belong together. */
  @FunctionalInterface
  interface Reading<C, F> {
    F read(C from) throws Exception;
  }

  static <C, F> Check<C> of(String name, Reading<C, F> reading, Function<F, Verdict> decision) {
    return several(name, reading, fact -> List.of(decision.apply(fact)));
  }

  static <C, F> Check<C> several(
      String name, Reading<C, F> reading, Function<F, List<Verdict>> decision) {
    return new Check<>(name, from -> decision.apply(reading.read(from)));
  }

  /** A check that fails says so, and is no reason to leave out the next one. */
  List<Verdict> run(C connection) {
    try {
      return ask.read(connection);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of(Verdict.unknown("was not told: interrupted"));
    } catch (Exception e) {
      return List.of(Verdict.unknown("was not told (" + Reasons.of(e) + ")"));
    }
  }
}
