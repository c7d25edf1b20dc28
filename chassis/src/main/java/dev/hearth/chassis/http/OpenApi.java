package dev.hearth.chassis.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.javalin.Javalin;
import io.javalin.config.RoutesConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * The OpenAPI document of a service: of what is described for all services, the routes that this
 * one has. Immutable, any thread.
 */
public final class OpenApi {
  private static final String RESOURCE = "/dev/hearth/chassis/openapi.yaml";
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  private OpenApi() {}

  /**
   * The route {@code /openapi.json} of a service.
   *
   * @param others all other routes of it
   */
  public static Routes route(List<Routes> others) {
    return routes -> {
      ObjectNode document = of(registered(List.of(OpenApi::itself, all(others))));
      routes.get("/openapi.json", context -> context.json(document));
    };
  }

  private static void itself(RoutesConfig routes) {
    routes.get("/openapi.json", context -> {});
  }

  private static Routes all(Collection<Routes> parts) {
    return routes -> parts.forEach(part -> part.register(routes));
  }

  /** Routes as {@code GET /v1/status}; they are registered with a server that never starts. */
  public static Set<String> registered(Collection<Routes> parts) {
    Set<String> found = new TreeSet<>();
    Javalin.create(config -> parts.forEach(part -> part.register(config.routes)))
        .unsafe
        .internalRouter
        .allHttpHandlers()
        .forEach(
            parsed -> {
              if (METHODS.contains(parsed.endpoint.method.name().toLowerCase(Locale.ROOT))) {
                found.add(parsed.endpoint.method.name() + " " + parsed.endpoint.path);
              }
            });
    return found;
  }

  /** Routes that a document describes, in the same form. */
  public static Set<String> described(JsonNode document) {
    Set<String> found = new TreeSet<>();
    document
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method -> {
                          if (METHODS.contains(method)) {
                            found.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
                          }
                        }));
    return found;
  }

  /** What is described for all services. */
  public static ObjectNode complete() {
    try (InputStream in = OpenApi.class.getResourceAsStream(RESOURCE)) {
      return (ObjectNode) new YAMLMapper().readTree(Objects.requireNonNull(in, RESOURCE));
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE, e);
    }
  }

  private static ObjectNode of(Set<String> registered) {
    ObjectNode document = complete();
    ObjectNode paths = (ObjectNode) document.path("paths");
    for (String route : described(document)) {
      if (!registered.contains(route)) {
        String path = route.substring(route.indexOf(' ') + 1);
        ObjectNode operations = (ObjectNode) paths.path(path);
        operations.remove(route.substring(0, route.indexOf(' ')).toLowerCase(Locale.ROOT));
        Set<String> left = new HashSet<>();
        operations.fieldNames().forEachRemaining(left::add);
        left.retainAll(METHODS);
        if (left.isEmpty()) {
          paths.remove(path);
        }
      }
    }
    return document;
  }
}
