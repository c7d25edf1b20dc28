package dev.hearth.chassis;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Secret;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.http.Binding;
import dev.hearth.chassis.http.HttpService;
import dev.hearth.chassis.http.OpenApi;
import dev.hearth.chassis.http.Routes;
import dev.hearth.chassis.metrics.Metrics;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.net.BindException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The HTTP port of a service: {@code /health/live}, {@code /health/ready}, {@code /metrics}, {@code
 * /v1/status}, {@code /openapi.json}, and the routes that the service adds. Put it last among the
 * components, so that it answers only when there is something to say, or first, so that it tells of
 * a slow start.
 */
public final class OperationsHttp implements Component {

  private final Health health;
  private final Metrics metrics;
  private final HttpService service;
  private final List<Routes> routes;

  /** Wires the port of a service; it listens from {@link #start}. */
  public OperationsHttp(
      HearthConfig.Http config, Health health, Metrics metrics, List<Routes> routes) {
    this.health = health;
    this.metrics = metrics;
    List<Routes> all = new ArrayList<>(List.of(this::register));
    all.addAll(routes);
    all.add(OpenApi.route(List.copyOf(all)));
    this.routes = List.copyOf(all);
    Secret token = config.token();
    this.service =
        new HttpService(
            new Binding(config.host(), config.port(), token == null ? null : token.reveal()), all);
  }

  @Override
  public String name() {
    return "http";
  }

  @Override
  public void start() throws Exception {
    try {
      service.start();
    } catch (BindException taken) {
      throw new StartupException(String.valueOf(taken.getMessage()), 2, taken);
    }
  }

  @Override
  public void close() {
    service.close();
  }

  /** Its routes, as {@code GET /v1/status}. */
  public Set<String> endpoints() {
    return OpenApi.registered(routes);
  }

  /** Where this machine reaches it, once it has started. */
  public URI uri() {
    return service.uri();
  }

  private void register(RoutesConfig routes) {
    routes.get("/health/live", context -> report(context, health.live()));
    routes.get("/health/ready", context -> report(context, health.ready()));
    routes.get("/metrics", this::scrape);
    routes.get(
        "/v1/status",
        context -> context.header("Cache-Control", "no-store").json(Status.of(health, metrics)));
  }

  private static void report(Context context, Health.Report report) {
    context.status(report.fine() ? 200 : 503).header("Cache-Control", "no-store").json(report);
  }

  private void scrape(Context context) {
    String accept = context.header("Accept");
    boolean open = accept != null && accept.contains("application/openmetrics-text");
    String mediaType = open ? Metrics.OPEN_METRICS : Metrics.PROMETHEUS_TEXT;
    context.result(metrics.scrape(mediaType)).contentType(mediaType);
  }
}
