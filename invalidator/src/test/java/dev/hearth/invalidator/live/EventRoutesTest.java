package dev.hearth.invalidator.live;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.OperationsHttp;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class EventRoutesTest {
  private static final Topics TOPICS = new Topics("live");
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static Sandbox servers;
  private static Metrics metrics;
  private static LiveEvents events;
  private static OperationsHttp http;
  private static KafkaProducer<byte[], byte[]> producer;

  @BeforeAll
  static void start() throws Exception {
    servers = Sandbox.builder().servers(Server.KAFKA).start();
    Map<String, Object> kafka =
        KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
    KafkaTopics.ensure(
        kafka, replicas -> TOPICS.all().stream().map(topic -> topic.definition(replicas)).toList());
    Map<String, Object> lively = new HashMap<>(kafka);
    lively.put("linger.ms", "0");
    producer = new KafkaProducer<>(lively, new ByteArraySerializer(), new ByteArraySerializer());
    metrics = new Metrics("1");
    events =
        new LiveEvents(
            TOPICS,
            () ->
                new KafkaConsumer<>(
                    kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    http =
        new OperationsHttp(
            new HearthConfig.Http("127.0.0.1", 0, null),
            new Health(),
            metrics,
            List.of(new EventRoutes(events, Set.of("product", "price"))));
    http.start();
  }

  @AfterAll
  static void stop() throws Exception {
    events.close();
    http.close();
    metrics.close();
    producer.close();
    servers.close();
  }

  @Test
  void streamsWhatConcernsTheCacheAsItComes() throws Exception {
    HttpResponse<InputStream> answer = listen("?cache=product");
    CompletableFuture<List<String>> read =
        CompletableFuture.supplyAsync(() -> lines(answer.body(), 9));

    // It begins at the end, and nobody tells when it has: so the same is said until it was heard.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!read.isDone()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      send(0, invalidation("price"));
      send(0, invalidation("product"));
      send(0, new GenerationRaised("product", 7, new Position(1, 5), "truncate", NOON));
      send(1, new GenerationRaised("product", 7, new Position(1, 5), "truncate", NOON));
      producer.flush();
    }
    answer.body().close();

    List<String> told = read.get();
    assertThat(told).filteredOn(line -> line.startsWith("event: ")).isNotEmpty();
    assertThat(told).contains("event: invalidation", "event: generation");
    assertThat(told)
        .filteredOn(line -> line.startsWith("data: "))
        .allSatisfy(
            line -> {
              JsonNode event = new ObjectMapper().readTree(line.substring("data: ".length()));
              assertThat(event.path("cache").asText()).isEqualTo("product");
              assertThat(event.path("partition").asInt()).as("a mark is told once").isZero();
              if (event.path("kind").asText().equals("invalidation")) {
                assertThat(event.path("key").asText()).isEqualTo("product:42");
                assertThat(event.path("table").asText()).isEqualTo("public.product");
                assertThat(event.path("transaction").asLong()).isEqualTo(700);
              }
            });
  }

  @Test
  void aListenerThatReadsTooSlowlyIsToldSoAndSentAway() throws Exception {
    try (Socket slow = new Socket()) {
      // A small window: what the sockets' buffers hold does not wait in the service.
      slow.setReceiveBufferSize(4096);
      slow.connect(new InetSocketAddress(http.uri().getHost(), http.uri().getPort()));
      slow.getOutputStream()
          .write(
              "GET /v1/events?cache=price HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(slow.getInputStream(), StandardCharsets.UTF_8));
      // Heard once, so that it listens; then it reads nothing while more comes than may wait.
      CompletableFuture<Void> first =
          CompletableFuture.runAsync(
              () -> {
                while (!"event: invalidation".equals(line(reader))) {
                  assertThat(slow.isClosed()).isFalse();
                }
              });
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!first.isDone()) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        send(1, invalidation("price"));
        producer.flush();
      }
      // Read only when it is too late: a reader that keeps up would be sent everything.
      while (events.present().stream().noneMatch(Listener::hasMissed)) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        for (int i = 0; i < 100; i++) {
          send(1, invalidation("price", "public.price:" + "x".repeat(3_000)));
        }
        producer.flush();
      }

      List<String> rest = new ArrayList<>();
      String line = line(reader);
      while (line != null) {
        rest.add(line);
        line = line(reader);
      }

      assertThat(rest.stream().filter("event: invalidation"::equals).count())
          .as("what waited is told")
          .isGreaterThanOrEqualTo(1_000L);
      assertThat(rest).contains("event: dropped");
      assertThat(rest.get(rest.indexOf("event: dropped") + 1))
          .contains("more than 1000 events waited", "read faster");
    }
  }

  @Test
  void saysHowToAskForAStream() throws Exception {
    HttpResponse<String> answer = get("/v1/events", "application/json");

    assertThat(answer.statusCode()).isEqualTo(406);
    assertThat(answer.body()).contains("curl -N -H 'Accept: text/event-stream'");
  }

  @Test
  void aCacheThatIsNotThereIsNamedWithTheLikelyOne() throws Exception {
    HttpResponse<String> answer = get("/v1/events?cache=prodcut", "text/event-stream");

    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).contains("did you mean 'product'?");
  }

  @Test
  void oneListenerTooManyIsRefusedAndOneThatLeavesMakesRoom() {
    List<Listener> present = new ArrayList<>();
    try (LiveEvents others =
        new LiveEvents(
            TOPICS,
            () ->
                new KafkaConsumer<>(
                    KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of()),
                    new ByteArrayDeserializer(),
                    new ByteArrayDeserializer()))) {
      for (int i = 0; i < LiveEvents.MOST_LISTENERS; i++) {
        present.add(others.listen(Optional.empty()).orElseThrow());
      }
      assertThat(others.listen(Optional.empty())).isEmpty();

      others.leave(present.get(0));

      assertThat(others.listen(Optional.empty())).isPresent();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertThat(present.get(1).hasEnded()).as("whoever is left when it stops").isTrue();
  }

  @Test
  void whatWaitsIsToldBeforeAListenerIsOverrun() throws Exception {
    Listener listener = new Listener(Optional.of("product"), 2);
    LiveEvent product =
        new LiveEvent(
            "generation", "product", null, "1:0/5", NOON, null, null, null, null, "truncate", 0, 1);
    LiveEvent price =
        new LiveEvent(
            "generation", "price", null, "1:0/5", NOON, null, null, null, null, "truncate", 0, 2);
    listener.offer(product);
    listener.offer(price);
    listener.offer(product);
    assertThat(listener.isOverrun()).isFalse();
    listener.offer(product);

    assertThat(listener.isOverrun()).as("two wait").isFalse();
    assertThat(listener.next(Duration.ZERO)).contains(product);
    assertThat(listener.next(Duration.ZERO)).contains(product);
    assertThat(listener.next(Duration.ZERO)).isEmpty();
    assertThat(listener.isOverrun()).isTrue();
  }

  private static HttpResponse<InputStream> listen(String query) throws Exception {
    HttpResponse<InputStream> answer =
        HTTP.send(
            request("/v1/events" + query, "text/event-stream"),
            HttpResponse.BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer;
  }

  private static HttpResponse<String> get(String path, String accept) throws Exception {
    return HTTP.send(request(path, accept), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpRequest request(String path, String accept) {
    return HttpRequest.newBuilder(URI.create(http.uri() + path)).header("Accept", accept).build();
  }

  private static List<String> lines(InputStream body, int most) {
    BufferedReader reader = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    List<String> lines = new ArrayList<>();
    while (lines.size() < most) {
      String line = line(reader);
      if (line != null && !line.isEmpty()) {
        lines.add(line);
      }
    }
    return lines;
  }

  private static String line(BufferedReader reader) {
    try {
      return reader.readLine();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void send(int partition, Object value) {
    producer.send(
        new ProducerRecord<>(
            TOPICS.invalidations().name(), partition, null, WireCodec.instance().encode(value)));
  }

  private static Invalidation invalidation(String cache) {
    return invalidation(cache, "public.product:42");
  }

  private static Invalidation invalidation(String cache, String row) {
    return new Invalidation(
        cache,
        cache + ":42",
        new Position(1, 4),
        NOON,
        NOON,
        NOON,
        new Cause("public.product", row, 700, "rules[0].keys[0]"));
  }
}
