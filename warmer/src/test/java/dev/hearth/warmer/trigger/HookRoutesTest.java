package dev.hearth.warmer.trigger;

import static dev.hearth.warmer.Eventually.eventually;
import static dev.hearth.warmer.trigger.DeliveryTest.deploymentStatus;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.http.Binding;
import dev.hearth.chassis.http.HttpService;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.RealServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Webhooks over HTTP, claimed on a real Kafka. */
class HookRoutesTest {
  private static final String SECRET = "0123456789abcdef";
  private static final Instant NOW = Instant.parse("2026-11-23T18:00:00Z");
  private static final Topics TOPICS = new Topics("hooks-" + UUID.randomUUID());

  private static KafkaClaims shared;

  private final HttpClient http = HttpClient.newHttpClient();
  private final Metrics metrics = new Metrics("test");
  private final RecordingPlans plans = new RecordingPlans();
  private final String delivery = UUID.randomUUID().toString();
  private HttpService service;

  @BeforeAll
  static void openClaims() {
    RealServers.createTopics(TOPICS);
    shared = claims();
  }

  @AfterAll
  static void closeClaims() {
    shared.close();
  }

  @BeforeEach
  void start() throws IOException {
    service = serve(new Binding("127.0.0.1", 0, null), Optional.of(SECRET), shared);
  }

  @AfterEach
  void stop() {
    service.close();
    metrics.close();
  }

  @Test
  void aSignedDeliveryStartsItsPlan() throws Exception {
    HttpResponse<String> response = deliver(named("after-deploy", NOW));

    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(plans.started).containsExactly("after-deploy by hook after-deploy");
    JsonNode body = json(response);
    assertThat(body.path("plans").path(0).asText()).isEqualTo("after-deploy");
    assertThat(body.path("runs").path(0).path("id").asText()).isEqualTo("run-1");
    assertThat(body.path("runs").path(0).path("href").asText()).isEqualTo("/v1/warmups/run-1");
    assertThat(response.headers().firstValue("Location")).contains("/v1/warmups/run-1");
    assertThat(counted("accepted")).isEqualTo(1);
  }

  @Test
  void noBearerTokenIsNeededWhereOthersNeedOne() throws Exception {
    HttpService open = serve(new Binding("0.0.0.0", 0, "token"), Optional.of(SECRET), shared);
    try {
      String body = named("after-deploy", NOW);

      assertThat(send(open, body, sign(body)).statusCode()).isEqualTo(202);
    } finally {
      open.close();
    }
  }

  @Test
  void whatIsNotSignedRightStartsNothingAndSpoilsNothing() throws Exception {
    String body = named("after-deploy", NOW);
    List<Optional<String>> wrong =
        List.of(
            Optional.empty(),
            Optional.of(""),
            Optional.of("sha256="),
            Optional.of(sign(body + " ")),
            Optional.of(Signature.of(bytes("another secret"), bytes(body))));

    for (Optional<String> signature : wrong) {
      HttpResponse<String> response = send(service, body, signature.orElse(null));
      assertThat(response.statusCode()).isEqualTo(401);
      assertThat(response.headers().firstValue("Content-Type").orElse(""))
          .startsWith("application/problem+json");
      assertThat(json(response).path("detail").asText())
          .contains("X-Hub-Signature-256: sha256=HEX, the HMAC-SHA256 of the raw body");
    }

    assertThat(plans.started).isEmpty();
    assertThat(counted("bad_signature")).isEqualTo(wrong.size());
    // Who cannot sign cannot use up the delivery of one who can.
    assertThat(deliver(body).statusCode()).isEqualTo(202);
  }

  @Test
  void aCopyStartsNothingNotEvenUnderAnotherHeaderOrAfterARestart() throws Exception {
    String body = deploymentStatus(System.nanoTime(), "success", "production", NOW.toString());
    assertThat(deliver(body).statusCode()).isEqualTo(202);

    HttpResponse<String> again = send(service, body, sign(body), "X-GitHub-Delivery", "new-one");

    assertThat(again.statusCode()).isEqualTo(409);
    assertThat(json(again).path("detail").asText())
        .contains("was taken already; nothing was started");
    try (KafkaClaims restarted = claims()) {
      HttpService other = serve(new Binding("127.0.0.1", 0, null), Optional.of(SECRET), restarted);
      try {
        assertThat(send(other, body, sign(body)).statusCode()).isEqualTo(409);
      } finally {
        other.close();
      }
    }
    assertThat(plans.started).hasSize(1);
    assertThat(counted("replayed")).isEqualTo(2);
  }

  @Test
  void ofManyCopiesAtOnceToTwoInstancesOneStarts() throws Exception {
    try (KafkaClaims second = claims()) {
      HttpService other = serve(new Binding("127.0.0.1", 0, null), Optional.of(SECRET), second);
      try {
        String body = named("after-deploy", NOW);
        List<CompletableFuture<Integer>> answers =
            IntStream.range(0, 20)
                .mapToObj(
                    n ->
                        CompletableFuture.supplyAsync(
                            () ->
                                send(n % 2 == 0 ? service : other, body, sign(body)).statusCode()))
                .toList();

        assertThat(answers.stream().map(CompletableFuture::join).toList())
            .containsOnly(202, 409)
            .containsOnlyOnce(202);
      } finally {
        other.close();
      }
    }
    assertThat(plans.started).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"-301,401", "-300,202", "300,202", "301,401"})
  void aDeliveryHasItsTime(long seconds, int status) throws Exception {
    HttpResponse<String> response = deliver(named("after-deploy", NOW.plusSeconds(seconds)));

    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(plans.started).hasSize(status == 202 ? 1 : 0);
    if (status == 401) {
      assertThat(json(response).path("detail").asText())
          .contains("expected at most 300 s in between");
      assertThat(counted("untimely")).isEqualTo(1);
    }
  }

  @Test
  void onlyConfiguredPlansAreStarted() throws Exception {
    HttpResponse<String> response = deliver(named("everything", NOW));

    assertThat(response.statusCode()).isEqualTo(422);
    assertThat(json(response).path("errors").path(0).path("hint").asText())
        .isEqualTo("expected one of after-deploy, nightly");
    assertThat(plans.started).isEmpty();
    assertThat(counted("unknown_plan")).isEqualTo(1);
  }

  @Test
  void aBodyThatSaysNothingIsRefusedAfterItsSignature() throws Exception {
    assertThat(deliver("{\"plan\": 5}").statusCode()).isEqualTo(422);
    assertThat(deliver("no json").statusCode()).isEqualTo(400);
    assertThat(send(service, "no json", "sha256=00").statusCode()).isEqualTo(401);
    assertThat(counted("malformed")).isEqualTo(2);
    assertThat(plans.started).isEmpty();
  }

  @Test
  void aLongBodyIsRefused() throws Exception {
    String body = named("after-deploy", NOW) + " ".repeat(HookRoutes.LARGEST_BODY_BYTES);

    assertThat(deliver(body).statusCode()).isEqualTo(413);
    assertThat(counted("too_long")).isEqualTo(1);
    assertThat(plans.started).isEmpty();
  }

  @Test
  void aDeploymentStartsThePlansOfItsEnvironment() throws Exception {
    long id = System.nanoTime();

    assertThat(deliver(deploymentStatus(id, "pending", "production", NOW.toString())).body())
        .contains("the state of the deployment is pending");
    assertThat(deliver(deploymentStatus(id, "success", "preview", NOW.toString())).body())
        .contains("no plan names its environment");
    assertThat(plans.started).isEmpty();
    assertThat(counted("ignored")).isEqualTo(2);

    assertThat(deliver(deploymentStatus(id, "success", "production", NOW.toString())).statusCode())
        .isEqualTo(202);
    assertThat(plans.started).containsExactly("after-deploy by hook after-deploy");
  }

  @Test
  void withoutASecretItIsOff() throws Exception {
    HttpService off = serve(new Binding("127.0.0.1", 0, null), Optional.empty(), shared);
    try {
      String body = named("after-deploy", NOW);

      assertThat(send(off, body, sign(body)).statusCode()).isEqualTo(403);
      assertThat(plans.started).isEmpty();
    } finally {
      off.close();
    }
  }

  @Test
  void whereNothingWasStartedTheSameDeliveryMayComeAgain() throws Exception {
    plans.refusing = true;
    String body = named("after-deploy", NOW);
    HttpResponse<String> refused = deliver(body);
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(json(refused).path("detail").asText())
        .isEqualTo("No run was made: cache product: 16 runs are waiting already.");

    plans.refusing = false;
    eventually(
        () -> send(service, body, sign(body)).statusCode(),
        status -> assertThat(status).isEqualTo(202));
    assertThat(plans.started).hasSize(1);
  }

  @Test
  void whereClaimsCannotBeReadNothingIsStarted() throws Exception {
    Claims unknown =
        new Claims() {
          @Override
          public Outcome claim(String trigger) {
            return Outcome.UNKNOWN;
          }

          @Override
          public boolean isTaken(String trigger) {
            return false;
          }

          @Override
          public void release(String trigger) {
            throw new IllegalStateException("nothing was claimed");
          }
        };
    HttpService alone = serve(new Binding("127.0.0.1", 0, null), Optional.of(SECRET), unknown);
    try {
      String body = named("after-deploy", NOW);

      assertThat(send(alone, body, sign(body)).statusCode()).isEqualTo(503);
      assertThat(plans.started).isEmpty();
      assertThat(counted("unavailable")).isEqualTo(1);
    } finally {
      alone.close();
    }
  }

  private HttpService serve(Binding binding, Optional<String> secret, Claims claims)
      throws IOException {
    HttpService each =
        new HttpService(
            binding,
            List.of(
                new HookRoutes(
                    secret,
                    Duration.ofMinutes(5),
                    plans,
                    claims,
                    metrics,
                    Clock.fixed(NOW, ZoneOffset.UTC))));
    each.start();
    return each;
  }

  private static KafkaClaims claims() {
    KafkaClaims claims =
        new KafkaClaims(TOPICS.triggerClaims(), RealServers.kafka(), Clock.systemUTC(), () -> {});
    claims.start();
    return claims;
  }

  private String named(String plan, Instant at) {
    return "{\"plan\": \"%s\", \"delivery\": \"%s\", \"at\": \"%s\"}".formatted(plan, delivery, at);
  }

  private HttpResponse<String> deliver(String body) {
    return send(service, body, sign(body));
  }

  private HttpResponse<String> send(
      HttpService to, String body, @Nullable String signature, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(to.uri() + "/hooks/deploy"))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (signature != null) {
      request.header("X-Hub-Signature-256", signature);
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private double counted(String outcome) {
    return metrics.counter(dev.hearth.chassis.metrics.Metric.HOOK_DELIVERIES, outcome).count();
  }

  private static String sign(String body) {
    return Signature.of(bytes(SECRET), bytes(body));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return new ObjectMapper().readTree(response.body());
  }
}
