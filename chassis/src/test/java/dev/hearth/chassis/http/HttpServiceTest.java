package dev.hearth.chassis.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.config.RoutesConfig;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpServiceTest {

  record Warmup(String cache, int top, Instant at) {}

  private @Nullable HttpService service;

  @AfterEach
  void close() {
    if (service != null) {
      service.close();
    }
  }

  private static void routes(RoutesConfig routes) {
    routes.post("/warmups", context -> context.json(context.bodyAsClass(Warmup.class)));
    routes.post("/hooks/deploy", context -> context.result("signed"), Guard.OWN);
    routes.get(
        "/no-such-cache",
        context -> {
          throw new ProblemException(
              ProblemDetail.of(
                  422,
                  "Unprocessable Content",
                  "The run cannot be planned.",
                  new ProblemDetail.FieldError("cache", "no cache named 'x'")));
        });
    routes.get(
        "/defect",
        context -> {
          throw new IllegalStateException("hunter2");
        });
  }

  @Test
  void letsEveryoneOnLoopbackChangeThings() throws Exception {
    start("127.0.0.1", "t0ken");

    HttpResponse<String> response =
        post("/warmups", "{\"cache\":\"product\",\"top\":3,\"at\":\"2026-11-23T00:00:00Z\"}");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .isEqualTo("{\"cache\":\"product\",\"top\":3,\"at\":\"2026-11-23T00:00:00Z\"}");
  }

  @Test
  void refusesAPageOfAnotherSiteOnLoopback() throws Exception {
    start("127.0.0.1", null);

    HttpResponse<String> foreign =
        send(request("/hooks/deploy-not").header("Origin", "https://evil.example"));
    HttpResponse<String> refused =
        send(request("/warmups").header("Origin", "https://evil.example"));
    HttpResponse<String> own = send(request("/warmups").header("Origin", "http://localhost:8080"));

    assertThat(foreign.statusCode()).isEqualTo(404);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(own.statusCode()).isEqualTo(400);
  }

  @Test
  void asksForTheTokenOffLoopback() throws Exception {
    start("0.0.0.0", "t0ken");
    String body = "{\"cache\":\"product\",\"top\":3,\"at\":\"2026-11-23T00:00:00Z\"}";

    HttpResponse<String> without = post("/warmups", body);
    HttpResponse<String> wrong = send(request("/warmups").header("Authorization", "Bearer t0kem"));
    HttpResponse<String> right =
        send(
            request("/warmups")
                .header("Authorization", "Bearer t0ken")
                .POST(BodyPublishers.ofString(body)));

    assertThat(without.statusCode()).isEqualTo(401);
    assertThat(without.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
    assertThat(without.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    assertThat(without.body())
        .isEqualTo(
            "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"No"
                + " token was sent; send the header \\\"Authorization: Bearer TOKEN\\\" with the"
                + " value of http.token.\"}");
    assertThat(wrong.statusCode()).isEqualTo(401);
    assertThat(right.statusCode()).isEqualTo(200);
  }

  @Test
  void refusesEveryChangeOffLoopbackWithoutAToken() throws Exception {
    start("0.0.0.0", null);

    HttpResponse<String> response = post("/warmups", "{}");

    assertThat(response.statusCode()).isEqualTo(403);
    assertThat(response.body()).contains("set http.token, or listen on 127.0.0.1.");
  }

  @Test
  void leavesARouteThatGuardsItselfToItself() throws Exception {
    start("0.0.0.0", "t0ken");

    assertThat(post("/hooks/deploy", "{}").body()).isEqualTo("signed");
  }

  @Test
  void answersWithTheProblemThatARouteThrows() throws Exception {
    start("127.0.0.1", null);

    HttpResponse<String> response = get("/no-such-cache");

    assertThat(response.statusCode()).isEqualTo(422);
    assertThat(response.body())
        .isEqualTo(
            "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                + "\"detail\":\"The run cannot be planned.\",\"errors\":[{\"field\":\"cache\","
                + "\"hint\":\"no cache named 'x'\"}]}");
  }

  @Test
  void answersNotFoundAndWrongMethodWithAProblem() throws Exception {
    start("127.0.0.1", null);

    assertThat(get("/nowhere").body()).contains("\"detail\":\"Nothing is at GET /nowhere.\"");
    assertThat(get("/warmups").body()).contains("\"detail\":\"/warmups does not take GET.\"");
    assertThat(get("/warmups").statusCode()).isEqualTo(405);
    assertThat(get("/nowhere").headers().firstValue("Content-Type"))
        .hasValue("application/problem+json");
  }

  @Test
  void namesTheFieldOfABodyThatCannotBeRead() throws Exception {
    start("127.0.0.1", null);

    HttpResponse<String> unknown = post("/warmups", "{\"cashe\":\"product\"}");
    HttpResponse<String> broken = post("/warmups", "{");

    assertThat(unknown.statusCode()).isEqualTo(400);
    assertThat(unknown.body()).contains("\"field\":\"body.cashe\"");
    assertThat(broken.statusCode()).isEqualTo(400);
    assertThat(broken.body()).contains("\"field\":\"body\"", "at line 1, column 2");
  }

  @Test
  void refusesABodyAboveOneMebibyte() throws Exception {
    start("127.0.0.1", null);

    HttpResponse<String> response =
        post("/warmups", "x".repeat(HttpService.LARGEST_BODY_BYTES + 1));

    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(response.body()).contains("expected at most 1048576 bytes");
  }

  @Test
  void tellsNothingOfADefectButItsKind() throws Exception {
    start("127.0.0.1", null);

    HttpResponse<String> response = get("/defect");

    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.body()).contains("IllegalStateException").doesNotContain("hunter2");
  }

  @Test
  void closesTwiceAndStartsAgainOnTheSamePort() throws Exception {
    HttpService first = start("127.0.0.1", null);
    int port = first.port();

    first.close();
    first.close();
    HttpService second =
        new HttpService(new Binding("127.0.0.1", port, null), List.of(HttpServiceTest::routes));
    second.start();
    service = second;

    assertThat(get("/nowhere").statusCode()).isEqualTo(404);
  }

  private HttpService start(String host, @Nullable String token) throws IOException {
    HttpService started =
        new HttpService(new Binding(host, 0, token), List.of(HttpServiceTest::routes));
    started.start();
    service = started;
    return started;
  }

  private HttpRequest.Builder request(String path) {
    HttpService running = service;
    if (running == null) {
      throw new IllegalStateException("start it first");
    }
    return HttpRequest.newBuilder(running.uri().resolve(path))
        .timeout(Duration.ofSeconds(20))
        .POST(BodyPublishers.ofString("{"));
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).GET());
  }

  private HttpResponse<String> post(String path, String body)
      throws IOException, InterruptedException {
    return send(request(path).POST(BodyPublishers.ofString(body)));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
