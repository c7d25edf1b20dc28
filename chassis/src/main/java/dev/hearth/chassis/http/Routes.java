package dev.hearth.chassis.http;

import io.javalin.config.RoutesConfig;

/** The routes of one part of a service. */
@FunctionalInterface
public interface Routes {

  /**
   * Adds them; called once, before the server starts. A handler throws {@link ProblemException} to
   * answer with a problem. A route that changes something is guarded by the bearer token unless it
   * carries {@link Guard#OWN}.
   */
  void register(RoutesConfig routes);
}
