package dev.hearth.warmer.trigger;

import dev.hearth.chassis.http.Guard;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRun;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code POST /hooks/deploy}: starts configured plans for whoever can sign. Nothing of a body is
 * looked at before its signature was found good, and a delivery is claimed before it starts
 * anything, so that a copy of it starts nothing. Thread-safe.
 */
public final class HookRoutes implements Routes {
  static final String PATH = "/hooks/deploy";
  static final int LARGEST_BODY_BYTES = 256 * 1024;

  private final Optional<byte[]> secret;
  private final Duration tolerance;
  private final PlanStarter plans;
  private final Claims claims;
  private final Metrics metrics;
  private final Clock clock;
  private final SeldomLog seldom;

  /** What a delivery came to, for its metric. */
  private enum Outcome {
    ACCEPTED,
    IGNORED,
    OFF,
    TOO_LONG,
    BAD_SIGNATURE,
    MALFORMED,
    UNTIMELY,
    UNKNOWN_PLAN,
    REPLAYED,
    UNAVAILABLE;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The route.
   *
   * @param secret of the signatures; empty: the route refuses all
   * @param tolerance how far a delivery's time may be from the clock
   */
  public HookRoutes(
      Optional<String> secret,
      Duration tolerance,
      PlanStarter plans,
      Claims claims,
      Metrics metrics,
      Clock clock) {
    this.secret = secret.map(text -> text.getBytes(StandardCharsets.UTF_8));
    this.tolerance = tolerance;
    this.plans = plans;
    this.claims = claims;
    this.metrics = metrics;
    this.clock = clock;
    this.seldom = new SeldomLog(Duration.ofSeconds(10), System::nanoTime);
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.post(PATH, this::take, Guard.OWN);
  }

  private void take(Context context) {
    byte[] key =
        secret.orElseThrow(
            () ->
                refused(
                    Outcome.OFF, 403, "Webhooks are off, for hooks.secret is not set; set it."));
    byte[] body = body(context);
    verify(context.header(Signature.HEADER), key, body);
    Delivery delivery;
    try {
      delivery = Delivery.parse(body);
    } catch (ProblemException e) {
      throw counted(Outcome.MALFORMED, e);
    }
    if (delivery instanceof Delivery.Request request) {
      start(context, request);
    } else if (delivery instanceof Delivery.Ignored ignored) {
      ignore(context, ignored.sentence());
    }
  }

  private byte[] body(Context context) {
    byte[] body = context.contentLength() > LARGEST_BODY_BYTES ? null : context.bodyAsBytes();
    if (body == null || body.length > LARGEST_BODY_BYTES) {
      throw refused(
          Outcome.TOO_LONG,
          413,
          "The body is too long; expected at most " + LARGEST_BODY_BYTES + " bytes.");
    }
    return body;
  }

  private void verify(@org.jspecify.annotations.Nullable String header, byte[] key, byte[] body) {
    if (header == null) {
      throw refused(
          Outcome.BAD_SIGNATURE,
          401,
          "The delivery is not signed; send the header "
              + Signature.HEADER
              + ": sha256=HEX, the HMAC-SHA256 of the raw body with hooks.secret.");
    }
    if (!Signature.isOf(key, body, header)) {
      throw refused(
          Outcome.BAD_SIGNATURE,
          401,
          "The signature is not that of this body; expected "
              + Signature.HEADER
              + ": sha256=HEX, the HMAC-SHA256 of the raw body with hooks.secret.");
    }
  }

  private void start(Context context, Delivery.Request request) {
    timely(request);
    Set<String> asked = asked(request);
    if (asked.isEmpty()) {
      ignore(context, "no plan names its environment among its environments");
      return;
    }
    switch (claims.claim(request.id())) {
      case TAKEN ->
          throw refused(
              Outcome.REPLAYED,
              409,
              "Delivery \""
                  + request.id()
                  + "\" was taken already; nothing was started. To start the plan again, sign a"
                  + " delivery with an id and a time of its own.");
      case UNKNOWN ->
          throw refused(
              Outcome.UNAVAILABLE,
              503,
              "It cannot be told whether the delivery came before, for Kafka does not answer;"
                  + " nothing was started. Sign it anew and try again.");
      case FIRST -> {}
    }
    List<WarmupRun> runs = new ArrayList<>();
    List<String> refusals = new ArrayList<>();
    try {
      for (String plan : asked) {
        PlanStarter.Started started = plans.start(plan, "hook " + plan);
        runs.addAll(started.runs());
        refusals.addAll(started.refusals());
      }
    } finally {
      if (runs.isEmpty()) {
        claims.release(request.id());
      }
    }
    if (runs.isEmpty()) {
      throw refused(
          Outcome.UNAVAILABLE, 503, "No run was made: " + String.join("; ", refusals) + ".");
    }
    count(Outcome.ACCEPTED);
    context
        .status(202)
        .header("Location", "/v1/warmups/" + runs.get(0).id())
        .json(
            Map.of(
                "plans",
                List.copyOf(asked),
                "runs",
                runs.stream()
                    .map(
                        run ->
                            Map.of(
                                "id",
                                run.id(),
                                "cache",
                                run.cache(),
                                "href",
                                "/v1/warmups/" + run.id()))
                    .toList(),
                "refused",
                refusals));
  }

  private void timely(Delivery.Request request) {
    Instant now = clock.instant();
    if (request.at().isBefore(now.minus(tolerance)) || request.at().isAfter(now.plus(tolerance))) {
      throw refused(
          Outcome.UNTIMELY,
          401,
          "The delivery is of "
              + request.at()
              + ", and it is "
              + now
              + "; expected at most "
              + tolerance.toSeconds()
              + " s in between. Sign it anew, and see whether the clocks are right.");
    }
  }

  private Set<String> asked(Delivery.Request request) {
    if (request instanceof Delivery.Deployed deployed) {
      return new TreeSet<>(plans.plansOf(deployed.environment()));
    }
    String plan = ((Delivery.Named) request).plan();
    if (!plans.plans().contains(plan)) {
      throw counted(
          Outcome.UNKNOWN_PLAN,
          new ProblemException(
              ProblemDetail.of(
                  422,
                  "Unprocessable Content",
                  "There is no plan \"" + plan + "\"; nothing was started.",
                  new FieldError(
                      "plan",
                      plans.plans().isEmpty()
                          ? "there is none in the configuration; add one below warmups"
                          : "expected one of "
                              + String.join(", ", new TreeSet<>(plans.plans()))))));
    }
    return Set.of(plan);
  }

  private void ignore(Context context, String why) {
    count(Outcome.IGNORED);
    context.status(200).json(Map.of("runs", List.of(), "ignored", why));
  }

  private ProblemException refused(Outcome outcome, int status, String sentence) {
    String title =
        switch (status) {
          case 401 -> "Unauthorized";
          case 403 -> "Forbidden";
          case 409 -> "Conflict";
          case 413 -> "Content Too Large";
          default -> "Service Unavailable";
        };
    return counted(outcome, new ProblemException(ProblemDetail.of(status, title, sentence)));
  }

  private ProblemException counted(Outcome outcome, ProblemException problem) {
    count(outcome);
    seldom.warn("delivery refused", outcome.label());
    return problem;
  }

  private void count(Outcome outcome) {
    metrics.counter(Metric.HOOK_DELIVERIES, outcome.label()).increment();
  }
}
