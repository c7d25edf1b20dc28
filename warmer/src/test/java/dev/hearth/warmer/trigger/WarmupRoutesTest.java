package dev.hearth.warmer.trigger;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.http.Binding;
import dev.hearth.chassis.http.HttpService;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WarmupRoutesTest {
  private static final Instant AT = Instant.parse("2026-11-23T08:00:00Z");

  private final Map<String, WarmupRun> runs = new ConcurrentHashMap<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private final HttpService service =
      new HttpService(
          new Binding("127.0.0.1", 0, null),
          List.of(new WarmupRoutes(new Requests(), this::hot, Set.of("product", "page"))));
  private boolean refusing;
  private volatile Optional<WarmupRequest> asked = Optional.empty();

  @BeforeEach
  void start() throws IOException {
    service.start();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void takesARequestAndSaysWhereItsRunIs() throws Exception {
    HttpResponse<String> response =
        send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 1000}");

    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(response.headers().firstValue("Location")).contains("/v1/warmups/run-1");
    JsonNode run = json(response);
    assertThat(run.path("state").asText()).isEqualTo("queued");
    assertThat(run.path("cache").asText()).isEqualTo("product");
    assertThat(run.path("top").asInt()).isEqualTo(1_000);
    assertThat(run.path("trigger").asText()).isEqualTo("http");
    assertThat(run.path("progress").path("planned").asInt()).isZero();
    assertThat(run.path("requestedAt").asText()).isEqualTo("2026-11-23T08:00:00Z");
    assertThat(run.has("finishedAt")).isFalse();
  }

  @Test
  void showsHowFarARunIs() throws Exception {
    runs.put("run-1", run("run-1", State.RUNNING));

    JsonNode run = json(send("GET", "/v1/warmups/run-1", ""));

    assertThat(run.path("state").asText()).isEqualTo("running");
    assertThat(run.path("progress").path("done").asInt()).isEqualTo(21);
    assertThat(run.path("progress").path("alreadyWarm").asInt()).isEqualTo(2);
  }

  @Test
  void cancelsARunOnceAndAgain() throws Exception {
    runs.put("run-1", run("run-1", State.QUEUED));

    HttpResponse<String> first = send("DELETE", "/v1/warmups/run-1", "");
    HttpResponse<String> second = send("DELETE", "/v1/warmups/run-1", "");

    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(json(second).path("state").asText()).isEqualTo("cancelled");
  }

  @Test
  void saysThatThereIsNothingToCancel() throws Exception {
    runs.put("run-1", run("run-1", State.DONE));

    HttpResponse<String> response = send("DELETE", "/v1/warmups/run-1", "");

    assertThat(response.statusCode()).isEqualTo(409);
    assertThat(json(response).path("detail").asText())
        .isEqualTo("Run run-1 has ended already, as done; there is nothing to cancel.");
  }

  @ParameterizedTest
  @CsvSource({"GET", "DELETE"})
  void doesNotKnowAnotherRun(String method) throws Exception {
    HttpResponse<String> response = send(method, "/v1/warmups/nobody", "");

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/problem+json");
    assertThat(json(response).path("detail").asText())
        .isEqualTo("There is no run \"nobody\"; runs that ended long ago are forgotten.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "|400|body|expected such as {\"cache\": \"product\", \"top\": 1000}",
        "[1]|400|body|expected such as {\"cache\": \"product\", \"top\": 1000}",
        "{\"cache\": \"pro|400|body|cannot be read at line 1, column",
        "{} {}|400|body|cannot be read at line 1, column",
        "{\"cache\":\"page\",\"cache\":\"page\",\"top\":1}|400|body|cannot be read at line 1,"
            + " column",
        "{\"top\": 5}|422|cache|is missing; expected one of page, product",
        "{\"cache\": 5, \"top\": 5}|422|cache|is no string; expected one of page, product",
        "{\"cache\": \"prod\", \"top\": 5}|422|cache|\"prod\" is not known; expected one of page,"
            + " product",
        "{\"cache\": \"product\"}|422|top|is missing; expected a whole number from 1 to 1000000",
        "{\"cache\": \"product\", \"top\": 0}|422|top|is 0; expected a whole number from 1 to"
            + " 1000000",
        "{\"cache\": \"product\", \"top\": 1000001}|422|top|is 1000001; expected a whole number",
        "{\"cache\": \"product\", \"top\": 99999999999}|422|top|is 99999999999; expected",
        "{\"cache\": \"product\", \"top\": 1.5}|422|top|is 1.5; expected a whole number",
        "{\"cache\": \"product\", \"top\": \"5\"}|422|top|is \"5\"; expected a whole number",
        "{\"cache\": \"product\", \"top\": 5, \"tops\": 6}|422|tops|is not known; expected cache"
            + " and top"
      })
  void saysWhatIsWrongWithARequest(String body, int status, String field, String hint)
      throws Exception {
    HttpResponse<String> response = send("POST", "/v1/warmups", body == null ? "" : body);

    assertThat(response.statusCode()).isEqualTo(status);
    JsonNode error = json(response).path("errors").path(0);
    assertThat(error.path("field").asText()).isEqualTo(field);
    assertThat(error.path("hint").asText()).startsWith(hint);
    assertThat(runs).isEmpty();
  }

  @Test
  void saysAllThatIsWrongAtOnce() throws Exception {
    HttpResponse<String> response = send("POST", "/v1/warmups", "{\"cache\": \"x\", \"top\": -1}");

    assertThat(json(response).path("errors")).hasSize(2);
  }

  @Test
  void saysWhyARunIsRefusedNow() throws Exception {
    refusing = true;

    HttpResponse<String> response =
        send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 1}");

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(json(response).path("detail").asText())
        .isEqualTo("No run was made: 16 runs are waiting already.");
  }

  @Test
  void takesOrderBudgetsAndGoal() throws Exception {
    JsonNode run =
        json(
            send(
                "POST",
                "/v1/warmups",
                "{\"cache\": \"product\", \"top\": 9, \"by\": \"weight\", \"until\": 0.9,"
                    + " \"budget\": {\"keys\": 5, \"bytes\": 1000, \"timeSeconds\": 1.5,"
                    + " \"databaseShare\": 0.25}}"));

    assertThat(asked)
        .contains(
            new WarmupRequest(
                "product",
                9,
                WarmupRequest.Order.WEIGHT,
                new WarmupRequest.Budget(
                    Optional.of(5),
                    Optional.of(1_000L),
                    Optional.of(Duration.ofMillis(1_500)),
                    Optional.of(0.25)),
                Optional.of(0.9),
                "http"));
    assertThat(run.path("state").asText()).isEqualTo("queued");
  }

  @Test
  void printsAPlanAndMakesNoRun() throws Exception {
    HttpResponse<String> response =
        send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 9, \"dryRun\": true}");

    assertThat(response.statusCode()).isEqualTo(200);
    JsonNode plan = json(response);
    assertThat(plan.path("dryRun").asBoolean()).isTrue();
    assertThat(plan.path("keys").asInt()).isEqualTo(2);
    assertThat(plan.path("first").path(1).asText()).isEqualTo("product:2");
    assertThat(plan.path("leftOut").path(0).path("examples").path(0).asText())
        .isEqualTo("product:9");
    assertThat(runs).isEmpty();

    refusing = true;

    HttpResponse<String> unknown =
        send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 9, \"dryRun\": true}");

    assertThat(unknown.statusCode()).isEqualTo(503);
    assertThat(json(unknown).path("detail").asText())
        .isEqualTo("No plan was made: it is not known what is hot.");
  }

  @Test
  void holdsARunAndLetsItGoOn() throws Exception {
    runs.put("run-1", run("run-1", State.RUNNING));

    assertThat(json(send("POST", "/v1/warmups/run-1/pause", "")).path("state").asText())
        .isEqualTo("paused");
    assertThat(json(send("POST", "/v1/warmups/run-1/resume", "")).path("state").asText())
        .isEqualTo("queued");
    assertThat(json(send("GET", "/v1/warmups", "")).path(0).path("id").asText()).isEqualTo("run-1");
    runs.put("run-1", run("run-1", State.DONE));
    HttpResponse<String> late = send("POST", "/v1/warmups/run-1/pause", "");
    assertThat(late.statusCode()).isEqualTo(409);
    assertThat(json(late).path("detail").asText())
        .isEqualTo("Run run-1 has ended already, as done; there is nothing to pause.");
    assertThat(send("POST", "/v1/warmups/nobody/resume", "").statusCode()).isEqualTo(404);
  }

  @Test
  void tellsOfProgressAsItComesAndEndsWithTheRun() throws Exception {
    WarmupRun running = run("run-1", State.RUNNING);
    runs.put("run-1", running);
    HttpResponse<Stream<String>> events = events("run-1");
    assertThat(events.headers().firstValue("Content-Type").orElse(""))
        .startsWith("text/event-stream");
    Iterator<String> lines = events.body().iterator();

    assertThat(next(lines)).isEqualTo("event: progress");
    assertThat(data(lines).path("progress").path("done").asInt()).isEqualTo(21);
    runs.put("run-1", running.with(new Progress(100, 50, 0, 0, 0, 0, 0), WarmupRun.Cost.NONE));
    assertThat(next(lines)).isEqualTo("event: progress");
    assertThat(data(lines).path("progress").path("done").asInt()).isEqualTo(50);
    runs.put("run-1", running.ended(State.DONE, AT, Optional.empty()));
    assertThat(next(lines)).isEqualTo("event: end");
    assertThat(data(lines).path("state").asText()).isEqualTo("done");
    while (lines.hasNext()) {
      assertThat(lines.next()).isBlank();
    }
  }

  @Test
  @Timeout(60)
  void tellsWhoeverFollowsARunThatStandsStillThatItIsNotForgotten() throws Exception {
    runs.put("run-1", run("run-1", State.RUNNING));
    HttpService impatient =
        new HttpService(
            new Binding("127.0.0.1", 0, null),
            List.of(
                new WarmupRoutes(
                    new Requests(), this::hot, Set.of("product"), Duration.ofMillis(1))));
    impatient.start();
    try {
      Iterator<String> lines =
          http.send(
                  HttpRequest.newBuilder(URI.create(impatient.uri() + "/v1/warmups/run-1/events"))
                      .header("Accept", "text/event-stream")
                      .build(),
                  HttpResponse.BodyHandlers.ofLines())
              .body()
              .iterator();
      assertThat(next(lines)).isEqualTo("event: progress");
      assertThat(data(lines).path("state").asText()).isEqualTo("running");

      for (int comments = 0; comments < 2; ) {
        String line = lines.next();
        assertThat(line).matches("|: ?nothing new");
        comments += line.isBlank() ? 0 : 1;
      }

      runs.put("run-1", run("run-1", State.DONE));
      assertThat(next(lines)).isEqualTo("event: end");
    } finally {
      impatient.close();
    }
  }

  @Test
  void saysHowToFollowARunAndRefusesTooManyWhoDo() throws Exception {
    runs.put("run-1", run("run-1", State.RUNNING));

    HttpResponse<String> plain = send("GET", "/v1/warmups/run-1/events", "");

    assertThat(plain.statusCode()).isEqualTo(406);
    assertThat(json(plain).path("detail").asText())
        .contains("curl -N -H 'Accept: text/event-stream' " + service.uri());
    assertThat(events("nobody").statusCode()).isEqualTo(404);
    List<HttpResponse<Stream<String>>> open = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      open.add(events("run-1"));
    }
    assertThat(open).allSatisfy(each -> assertThat(each.statusCode()).isEqualTo(200));
    assertThat(events("run-1").statusCode()).isEqualTo(503);

    runs.put("run-1", run("run-1", State.DONE));
    open.forEach(each -> assertThat(each.body()).contains("event: end"));

    // Whoever has ended makes room, a moment later than the listener sees it.
    eventually(
        () -> {
          try {
            return events("run-1").statusCode();
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        },
        status -> assertThat(status).isEqualTo(200));
  }

  private HttpResponse<Stream<String>> events(String run) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(service.uri() + "/v1/warmups/" + run + "/events"))
            .header("Accept", "text/event-stream")
            .build(),
        HttpResponse.BodyHandlers.ofLines());
  }

  /** The next line that is neither empty nor a comment. */
  private static String next(Iterator<String> lines) {
    String line = lines.next();
    return line.isBlank() || line.startsWith(":") || line.startsWith("id:") ? next(lines) : line;
  }

  private static JsonNode data(Iterator<String> lines) throws IOException {
    String line = next(lines);
    assertThat(line).startsWith("data: ");
    return new ObjectMapper().readTree(line.substring("data: ".length()));
  }

  @Test
  void showsHotKeysWithTheirError() throws Exception {
    JsonNode hot = json(send("GET", "/v1/hot-keys?cache=product&top=1", ""));

    assertThat(hot.path("halfLifeSeconds").asDouble()).isEqualTo(600);
    assertThat(hot.path("asOf").asText()).isEqualTo("2026-11-23T08:00:00Z");
    assertThat(hot.path("keys")).hasSize(1);
    assertThat(hot.path("keys").path(0).path("key").asText()).isEqualTo("product:1");
    assertThat(hot.path("keys").path(0).path("readsPerSecond").asDouble()).isEqualTo(9.5);
    assertThat(hot.path("keys").path(0).path("errorPerSecond").asDouble()).isEqualTo(0.5);
  }

  @Test
  void saysWhatAHotKeyCostsAndThatItIsBetterNotCached() throws Exception {
    JsonNode keys = json(send("GET", "/v1/hot-keys?cache=product", "")).path("keys");

    assertThat(keys.path(0).path("churning").asBoolean(true)).isFalse();
    assertThat(keys.path(0).path("bestHitRatio").asDouble()).isEqualTo(1);
    assertThat(keys.path(0).path("loadMicros").isNull()).isTrue();
    assertThat(keys.path(0).path("bytes").isNull()).isTrue();
    assertThat(keys.path(1).path("writesPerSecond").asDouble()).isEqualTo(3);
    assertThat(keys.path(1).path("bestHitRatio").asDouble()).isEqualTo(0.25);
    assertThat(keys.path(1).path("churning").asBoolean()).isTrue();
    assertThat(keys.path(1).path("loadMicros").asDouble()).isEqualTo(1_250);
    assertThat(keys.path(1).path("bytes").asDouble()).isEqualTo(512);
  }

  @Test
  void showsAllCachesWhereNoneIsNamed() throws Exception {
    JsonNode all = json(send("GET", "/v1/hot-keys?top=1", ""));

    assertThat(all.path("caches")).hasSize(2);
    assertThat(all.path("caches").path(0).path("cache").asText()).isEqualTo("page");
    assertThat(all.path("caches").path(0).path("keys")).isEmpty();
    assertThat(all.path("caches").path(1).path("cache").asText()).isEqualTo("product");
    assertThat(all.path("caches").path(1).path("keys")).hasSize(1);
  }

  @Test
  void showsNoKeysOfACacheThatNobodyReportedYet() throws Exception {
    HttpResponse<String> response = send("GET", "/v1/hot-keys?cache=page", "");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(json(response).path("keys")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/hot-keys?cache=nowhere|404|cache|expected one of page, product",
        "/v1/hot-keys?cache=page&top=0|400|top|is 0; expected a whole number from 1 to 1000000",
        "/v1/hot-keys?cache=page&top=many|400|top|is many; expected a whole number from 1 to"
            + " 1000000"
      })
  void saysWhatIsWrongWithAQuestionForHotKeys(String path, int status, String field, String hint)
      throws Exception {
    HttpResponse<String> response = send("GET", path, "");

    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(json(response).path("errors").path(0).path("field").asText()).isEqualTo(field);
    assertThat(json(response).path("errors").path(0).path("hint").asText()).isEqualTo(hint);
  }

  private Optional<HotKeys> hot(String cache) {
    return cache.equals("product")
        ? Optional.of(
            new HotKeys(
                "product",
                AT,
                Duration.ofMinutes(10),
                List.of(
                    new HotKeys.HotKey("product:1", 9.5, 0.5),
                    new HotKeys.HotKey("product:2", 1, 0.5, 1_250, 512, 3))))
        : Optional.empty();
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(service.uri() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return new ObjectMapper().readTree(response.body());
  }

  private static WarmupRun run(String id, State state) {
    WarmupRun queued = WarmupRun.queued(id, WarmupRequest.hottest("product", 1_000, "http"), AT);
    WarmupRun running =
        queued.taken("me", AT).with(new Progress(100, 1, 2, 3, 4, 5, 6), WarmupRun.Cost.NONE);
    return switch (state) {
      case QUEUED -> queued;
      case RUNNING -> running;
      default -> running.ended(state, AT, Optional.empty());
    };
  }

  private final class Requests implements WarmupRequests {
    @Override
    public Answer request(WarmupRequest request) {
      if (refusing) {
        return new Answer.Refused("16 runs are waiting already");
      }
      asked = Optional.of(request);
      WarmupRun run = run("run-" + (runs.size() + 1), State.QUEUED);
      runs.put(run.id(), run);
      return new Answer.Accepted(run);
    }

    @Override
    public Plan explain(WarmupRequest request) {
      return refusing
          ? new Plan.Unknown("it is not known what is hot")
          : new Plan.Explained(
              new PlanAnswer(
                  request.cache(),
                  2,
                  List.of("product:1", "product:2"),
                  List.of(
                      new PlanAnswer.LeftOut(
                          "churning", "written more often than read", 1, List.of("product:9"))),
                  200,
                  1.5));
    }

    @Override
    public List<WarmupRun> all() {
      return List.copyOf(runs.values());
    }

    @Override
    public Optional<WarmupRun> pause(String id) {
      return turned(id, State.PAUSED);
    }

    @Override
    public Optional<WarmupRun> resume(String id) {
      return turned(id, State.QUEUED);
    }

    private Optional<WarmupRun> turned(String id, State next) {
      return Optional.ofNullable(
          runs.computeIfPresent(id, (same, run) -> run.state().ended() ? run : run.turned(next)));
    }

    @Override
    public HitRatioView hitRatio(WarmupRun run) {
      return new HitRatioView(200, 20, 0.9);
    }

    @Override
    public Optional<WarmupRun> find(String id) {
      return Optional.ofNullable(runs.get(id));
    }

    @Override
    public Optional<WarmupRun> cancel(String id) {
      return Optional.ofNullable(
          runs.computeIfPresent(
              id,
              (same, run) ->
                  run.state().ended() ? run : run.ended(State.CANCELLED, AT, Optional.empty())));
    }
  }
}
