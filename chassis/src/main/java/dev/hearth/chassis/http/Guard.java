package dev.hearth.chassis.http;

import io.javalin.security.RouteRole;

/** Who checks the caller of a route. */
public enum Guard implements RouteRole {
  /** The route itself, as by a webhook's signature: it is called without the bearer token. */
  OWN
}
