package dev.hearth.chassis.http;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.http.HttpStatus;
import io.javalin.json.JavalinJackson;
import io.javalin.util.JavalinLogger;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP server: JSON in and out, problems as {@link ProblemDetail}, bodies up to 1 MiB.
 * {@link #start} and {@link #close} are for one thread, everything else for any.
 *
 * <p>A call that changes something needs the bearer token unless the server listens on loopback. On
 * loopback a browser may still be made to call it, so a foreign {@code Origin} is refused there.
 */
public final class HttpService {

  /** Longest body of a request, in bytes. */
  public static final int LARGEST_BODY_BYTES = 1 << 20;

  private static final Logger log = LoggerFactory.getLogger(HttpService.class);

  private static final Set<HandlerType> READING =
      Set.of(HandlerType.GET, HandlerType.HEAD, HandlerType.OPTIONS);

  private final Binding binding;
  private final List<Routes> routes;
  private final boolean loopback;
  private @Nullable Javalin server;

  /**
   * @param routes of every part of the service, in the order in which they are asked
   */
  public HttpService(Binding binding, List<Routes> routes) {
    this.binding = binding;
    this.routes = List.copyOf(routes);
    this.loopback = binding.isLoopback();
  }

  /** The mapper of every body: times as ISO 8601, unknown keys refused. Thread-safe. */
  public static ObjectMapper json() {
    return JsonMapper.builder()
        .addModule(new JavaTimeModule())
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .build();
  }

  /**
   * Listens and serves.
   *
   * @throws java.net.BindException when the address cannot be had; its message is one sentence with
   *     the cure
   */
  public void start() throws IOException {
    JavalinLogger.startupInfo = false;
    ServerSocketChannel channel = binding.listen();
    boolean started = false;
    try {
      server = Javalin.create(config -> configure(config, channel)).start();
      started = true;
    } finally {
      if (!started) {
        channel.close();
      }
    }
    log.info("listening url={}", uri());
  }

  /** Stops; does nothing when it does not run. */
  public void close() {
    Javalin running = server;
    server = null;
    if (running != null) {
      running.stop();
    }
  }

  /**
   * The port it listens on, 1 to 65535.
   *
   * @throws IllegalStateException when it does not run
   */
  public int port() {
    if (server == null) {
      throw new IllegalStateException("the HTTP server does not run");
    }
    return server.port();
  }

  /** Where this machine reaches it, such as {@code http://127.0.0.1:8080}. */
  public URI uri() {
    boolean any = binding.host().equals("0.0.0.0") || binding.host().equals("::");
    String host = any ? "127.0.0.1" : binding.host();
    return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port());
  }

  private void configure(JavalinConfig config, ServerSocketChannel channel) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.startup.startupWatcherEnabled = false;
    config.http.maxRequestSize = LARGEST_BODY_BYTES;
    config.http.prefer405over404 = true;
    config.jsonMapper(new JavalinJackson(json(), false));
    QueuedThreadPool threads = new QueuedThreadPool(32, 4);
    threads.setName("http");
    threads.setDaemon(true);
    config.jetty.threadPool = threads;
    config.jetty.modifyHttpConfiguration(http -> http.setSendServerVersion(false));
    config.jetty.addConnector((jetty, http) -> connector(jetty, http, channel));
    config.routes.beforeMatched(this::admit);
    config.routes.exception(ProblemException.class, (e, context) -> send(context, e.problem()));
    config.routes.exception(
        HttpResponseException.class, (e, context) -> send(context, problem(e, context)));
    config.routes.exception(JacksonException.class, (e, context) -> send(context, unreadable(e)));
    config.routes.exception(Exception.class, HttpService::unexpected);
    routes.forEach(each -> each.register(config.routes));
  }

  /** The channel is bound already: only so can a taken port be told from other failures. */
  private static ServerConnector connector(
      Server jetty, HttpConfiguration http, ServerSocketChannel channel) {
    ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
    try {
      connector.open(channel);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    return connector;
  }

  private void admit(Context context) {
    if (READING.contains(context.method()) || context.routeRoles().contains(Guard.OWN)) {
      return;
    }
    if (loopback) {
      refuseForeignOrigin(context.header("Origin"));
      return;
    }
    String token = binding.token();
    if (token == null) {
      throw new ProblemException(
          ProblemDetail.of(
              403,
              "Forbidden",
              "Calls that change something are off, for this service listens on "
                  + binding.host()
                  + " without a token; set http.token, or listen on 127.0.0.1."));
    }
    String given = context.header("Authorization");
    if (given == null || !isSame("Bearer " + token, given)) {
      context.header("WWW-Authenticate", "Bearer");
      throw new ProblemException(
          ProblemDetail.of(
              401,
              "Unauthorized",
              (given == null ? "No token was sent" : "The token is not the one of this service")
                  + "; send the header \"Authorization: Bearer TOKEN\" with the value of"
                  + " http.token."));
    }
  }

  /** Compares in a time that tells nothing about where they differ. */
  private static boolean isSame(String expected, String given) {
    return MessageDigest.isEqual(
        expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }

  private static void refuseForeignOrigin(@Nullable String origin) {
    if (origin != null && !isLoopbackOrigin(origin)) {
      throw new ProblemException(
          ProblemDetail.of(
              403,
              "Forbidden",
              "A page of another site called; open the service's own page, or call it without an"
                  + " Origin header."));
    }
  }

  private static boolean isLoopbackOrigin(String origin) {
    try {
      String host = URI.create(origin).getHost();
      return host != null
          && (host.equals("localhost")
              || (host.matches("[0-9.]+|\\[.*]")
                  && InetAddress.getByName(host).isLoopbackAddress()));
    } catch (IllegalArgumentException | IOException unreadable) {
      return false;
    }
  }

  private static ProblemDetail problem(HttpResponseException failure, Context context) {
    int status = failure.getStatus();
    String title = HttpStatus.forStatus(status).getMessage();
    return switch (status) {
      case 404 ->
          ProblemDetail.of(
              status, title, "Nothing is at " + context.method() + " " + context.path() + ".");
      case 405 ->
          ProblemDetail.of(
              status, title, context.path() + " does not take " + context.method() + ".");
      case 413 ->
          ProblemDetail.of(
              status,
              title,
              "The body is too long; expected at most " + LARGEST_BODY_BYTES + " bytes.");
      default -> {
        String message = failure.getMessage();
        yield ProblemDetail.of(
            Math.max(400, status), title, message == null || message.isBlank() ? title : message);
      }
    };
  }

  private static ProblemDetail unreadable(JacksonException failure) {
    StringBuilder field = new StringBuilder("body");
    if (failure instanceof JsonMappingException mapping) {
      for (JsonMappingException.Reference step : mapping.getPath()) {
        field.append(
            step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName());
      }
    }
    String where =
        failure.getLocation() == null
            ? ""
            : " at line %d, column %d"
                .formatted(failure.getLocation().getLineNr(), failure.getLocation().getColumnNr());
    return ProblemDetail.of(
        400,
        "Bad Request",
        "The body is not the JSON that is expected here.",
        new ProblemDetail.FieldError(
            field.toString(), "cannot be used" + where + "; see /openapi.json for its form"));
  }

  private static void unexpected(Exception failure, Context context) {
    log.error("request failed method={} path={}", context.method(), context.path(), failure);
    send(
        context,
        ProblemDetail.of(
            500,
            "Internal Server Error",
            "The service failed at this request (%s); this is a defect of Hearth, please report it."
                .formatted(failure.getClass().getSimpleName())));
  }

  private static void send(Context context, ProblemDetail problem) {
    context.status(problem.status()).json(problem);
    // JSON is UTF-8 and its media types have no charset parameter: keeps Jetty from adding one.
    context.res().setCharacterEncoding(null);
    context.contentType(ProblemDetail.MEDIA_TYPE);
  }
}
