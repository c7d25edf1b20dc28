package dev.hearth.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.http.OpenApi;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OperationsHttpTest {

  private final AtomicLong nanos = new AtomicLong();
  private final Health health = new Health(nanos::get);
  private final Metrics metrics = new Metrics("1.2.3");
  private final OperationsHttp http =
      new OperationsHttp(
          new HearthConfig.Http("127.0.0.1", 0, null),
          health,
          metrics,
          List.of(routes -> routes.get("/v1/shop", context -> context.result("shop"))));

  @BeforeEach
  void start() throws Exception {
    http.start();
  }

  @AfterEach
  void close() {
    http.close();
    metrics.close();
  }

  @Test
  void livesUntilALoopStops() throws Exception {
    health.heartbeat("capture", Duration.ofSeconds(1));
    assertThat(get("/health/live").statusCode()).isEqualTo(200);

    nanos.addAndGet(Duration.ofSeconds(2).toNanos());

    HttpResponse<String> dead = get("/health/live");
    assertThat(dead.statusCode()).isEqualTo(503);
    assertThat(dead.body())
        .isEqualTo(
            "{\"fine\":false,\"checks\":[{\"name\":\"capture\",\"fine\":false,\"sentence\":\"no"
                + " turn for 2000 ms; at least one in 1000 ms is expected\"}]}");
  }

  @Test
  void describesTheRoutesThatItHasAndNoOthers() throws Exception {
    HttpResponse<String> response = get("/openapi.json");

    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    JsonNode document = new ObjectMapper().readTree(response.body());
    assertThat(document.path("openapi").asText()).startsWith("3.1");
    assertThat(OpenApi.described(document))
        .containsExactlyInAnyOrderElementsOf(
            http.endpoints().stream().filter(route -> !route.endsWith("/v1/shop")).toList())
        .contains("GET /health/live", "GET /openapi.json")
        .doesNotContain("POST /v1/warmups");
  }

  @Test
  void namesWhatIsNotReady() throws Exception {
    health.readiness("kafka", () -> Readiness.notReady("kafka:9092 does not answer; start it"));

    HttpResponse<String> response = get("/health/ready");

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(response.body())
        .isEqualTo(
            "{\"fine\":false,\"checks\":[{\"name\":\"kafka\",\"fine\":false,"
                + "\"sentence\":\"kafka:9092 does not answer; start it\"}]}");
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void showsMetricsAsPrometheusText() throws Exception {
    HttpResponse<String> response = get("/metrics");

    assertThat(response.headers().firstValue("Content-Type")).hasValue(Metrics.PROMETHEUS_TEXT);
    assertThat(response.body()).contains("hearth_build_info{").doesNotContain("# EOF");
  }

  @Test
  void showsMetricsAsOpenMetricsOnRequest() throws Exception {
    HttpResponse<String> response =
        send(request("/metrics").header("Accept", "application/openmetrics-text; version=1.0.0"));

    assertThat(response.headers().firstValue("Content-Type")).hasValue(Metrics.OPEN_METRICS);
    assertThat(response.body()).contains("hearth_build_info{").endsWith("# EOF\n");
  }

  @Test
  void tellsHowTheProcessIsOnOneScreen() throws Exception {
    health.heartbeat("capture", Duration.ofSeconds(1));
    health.readiness("kafka", () -> Readiness.notReady("kafka:9092 does not answer; start it"));
    metrics.lagTimer(Phase.COMMIT_TO_APPLY).record(Duration.ofMillis(2));
    metrics.gauge(Metric.WATERMARK_AGE, () -> 0.25, "redis");
    metrics.gauge(Metric.WATERMARK_AGE, () -> Double.NaN, "hazelcast");

    HttpResponse<String> response = get("/v1/status");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .isEqualTo(
            "{\"version\":\"1.2.3\",\"live\":true,\"ready\":false,\"checks\":[{\"name\":\"capture\","
                + "\"fine\":true,\"sentence\":\"turning\"},{\"name\":\"kafka\",\"fine\":false,"
                + "\"sentence\":\"kafka:9092 does not answer; start it\"}],\"lagMillis\":{"
                + "\"commit_to_apply\":{\"count\":1,\"p50Millis\":2.0,\"p99Millis\":2.0,"
                + "\"maxMillis\":2.0}},\"watermarkAgeSeconds\":{\"redis\":0.25}}");
  }

  @Test
  void servesTheRoutesOfTheService() throws Exception {
    assertThat(get("/v1/shop").body()).isEqualTo("shop");
  }

  @Test
  void saysWhichPortIsInUse() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = other.getLocalPort();
      OperationsHttp second =
          new OperationsHttp(
              new HearthConfig.Http("127.0.0.1", port, null), health, metrics, List.of());

      assertThatThrownBy(second::start)
          .isInstanceOfSatisfying(
              StartupException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
          .hasMessage(
              "http.port: %d is in use; stop what listens there or choose another".formatted(port));
    }
  }

  @Test
  void saysThatAHostIsNotOfThisMachine() {
    OperationsHttp elsewhere =
        new OperationsHttp(new HearthConfig.Http("192.0.2.1", 0, null), health, metrics, List.of());

    assertThatThrownBy(elsewhere::start)
        .isInstanceOf(StartupException.class)
        .hasMessage(
            "http.host: 192.0.2.1 is no address of this machine; expected one such as 127.0.0.1 or"
                + " 0.0.0.0");
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(http.uri().resolve(path)).timeout(Duration.ofSeconds(20));
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
