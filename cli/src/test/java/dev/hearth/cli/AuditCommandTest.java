package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Audits of a running installation. No rule names the table of stocks, though products are loaded
 * with theirs: what changes there, nobody is told.
 */
class AuditCommandTest {
  private static Installation installation;
  private static Services services;
  private static FencedStore redis;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    installation =
        new Installation("audited", directory, Server.POSTGRES, Server.KAFKA, Server.REDIS);
    installation.execute("create table product (id int primary key, name text)");
    installation.execute("create table stock (product_id int primary key, amount int)");
    installation.execute("insert into product select i, 'p' || i from generate_series(1, 20) i");
    installation.execute("insert into stock select i, 5 from generate_series(1, 20) i");
    installation.execute(
        "create function broken() returns boolean language plpgsql as $$ begin"
            + " raise exception 'out of order'; end $$");
    Path file =
        installation.file(
            installation.yaml(
                """
                caches:
                  product:
                    stores: [ redis ]
                    key: "product:{id}"
                    load: |
                      select p.id, p.name, s.amount
                        from product p join stock s on s.product_id = p.id where p.id = any(:id)
                  failing:
                    stores: [ redis ]
                    key: "failing:{id}"
                    load: "select id, name from product where id = any(:id) and broken()"
                  page: { stores: [ redis ], key: "page:{id}" }
                rules:
                  - { table: public.product, keys: [ "product:{id}" ] }
                """));
    services = installation.startReady(file, EnumSet.allOf(Role.class));
    installation.awaitSettledEpoch();
    redis = Objects.requireNonNull(services.readers().get("redis"));
  }

  @AfterAll
  static void stop() {
    installation.close();
  }

  @Test
  void findsAnEntryWhoseChangeNobodyWasToldOfAndNoneOnceItIsGone() throws Exception {
    double before = checks("stale");
    // An epoch that the store learns of late takes the entry away: then it is filled again.
    eventually(
        () -> {
          installation.execute("update stock set amount = 5 where product_id = 1");
          fill("product", 1, "{\"id\": 1, \"name\": \"p1\", \"amount\": 5}");
          installation.execute("update stock set amount = 7 where product_id = 1");

          Ran ran = audit("--cache", "product");

          assertThat(ran.status()).as("%s", ran).isEqualTo(4);
          assertThat(ran.out())
              .contains(
                  "STALE product:1 in redis: entry with stamp ",
                  "differs from the primary since ",
                  " of a sample of 1%: 1 STALE.")
              .doesNotContain("amount");
          assertThat(ran.err()).contains("Next: hearth why product:1 --cache product");
        });
    assertThat(checks("stale")).isGreaterThan(before);
    assertThat(verdicts())
        .anySatisfy(
            verdict -> {
              assertThat(verdict.cache()).isEqualTo("product");
              assertThat(verdict.store()).isEqualTo("redis");
              assertThat(verdict.stale()).isEqualTo(1);
              assertThat(verdict.breaksPromise()).isTrue();
              assertThat(verdict.evidence().orElseThrow())
                  .startsWith("product:1: entry with stamp");
            });

    installation.execute("update product set name = 'one' where id = 1");
    eventually(() -> assertThat(peek("product", 1)).isEmpty());

    Ran clean = audit("--cache", "product");
    assertThat(clean.out()).contains(": none is stale.");
    assertThat(clean.status()).as("%s", clean).isZero();
  }

  @Test
  void comparesWhatIsTrueAndSaysSoToPrograms() throws Exception {
    double before = checks("coherent");
    eventually(
        () -> {
          for (int id = 11; id <= 13; id++) {
            fill("product", id, "{\"amount\": 5.0, \"name\": \"p" + id + "\", \"id\": " + id + "}");
          }

          Ran ran = audit("--cache", "product", "--sample", "100%", "-o", "json");

          assertThat(ran.status()).as("%s", ran).isZero();
          assertThat(ran.err()).isEmpty();
          JsonNode audit = new ObjectMapper().readTree(ran.out());
          assertThat(audit.path("state").asText()).isEqualTo("done");
          assertThat(audit.path("sample").asDouble()).isEqualTo(1);
          JsonNode part = audit.path("parts").path(0);
          assertThat(part.path("coherent").asInt()).isGreaterThanOrEqualTo(3);
          assertThat(part.path("checked")).isEqualTo(part.path("coherent"));
          assertThat(part.path("complete").asBoolean()).isTrue();
          assertThat(part.path("position").asText()).contains("/");
        });
    assertThat(checks("coherent")).isGreaterThanOrEqualTo(before + 3);
  }

  @Test
  void passesOverTheEntriesUntilTheTimeIsOver() throws Exception {
    Ran ran = audit("--cache", "product", "--for", "2s", "-o", "json");

    assertThat(ran.took()).isGreaterThanOrEqualTo(Duration.ofMillis(1_900));
    JsonNode audit = new ObjectMapper().readTree(ran.out());
    assertThat(audit.path("state").asText()).isEqualTo("done");
    assertThat(audit.path("forSeconds").asDouble()).isEqualTo(2);
    assertThat(audit.path("parts").path(0).path("passes").asInt()).isPositive();
  }

  @Test
  void saysWhatCouldNotBeComparedAndThatNothingWas() throws Exception {
    eventually(
        () -> {
          fill("failing", 1, "{\"id\": 1, \"name\": \"p1\"}");

          Ran ran = audit("--cache", "failing");

          assertThat(ran.status()).as("%s", ran).isEqualTo(1);
          assertThat(ran.err())
              .contains("Cache failing in redis could not be compared: ", "out of order");
        });
  }

  @Test
  void runsOneAuditAtATimeWhichCanBeEnded() throws Exception {
    HttpResponse<String> begun =
        send("POST", "/v1/audits", "{\"cache\": \"product\", \"forSeconds\": 3600}");
    String path = begun.headers().firstValue("Location").orElseThrow();

    HttpResponse<String> refused = send("POST", "/v1/audits", "{\"cache\": \"product\"}");
    Ran ran = audit("--cache", "product");
    JsonNode running = client().get(path);
    HttpResponse<String> ended = send("DELETE", path, "");

    assertThat(begun.statusCode()).isEqualTo(202);
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.headers().firstValue("Content-Type")).contains("application/problem+json");
    assertThat(refused.body()).contains("end it with DELETE " + path);
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("An audit runs already, since ", "GET " + path);
    assertThat(running.path("state").asText()).isEqualTo("running");
    assertThat(ended.statusCode()).isEqualTo(200);
    assertThat(ended.body()).contains("\"state\":\"cancelled\"");
    assertThat(client().get("/v1/audits").findValuesAsText("id"))
        .contains(path.substring(path.lastIndexOf('/') + 1));
    assertThat(send("GET", "/v1/audits/nobody", "").statusCode()).isEqualTo(404);

    assertThat(audit("--cache", "product").err()).doesNotContain("An audit runs already");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "--cache prodct|cache: \"prodct\" is not known; expected one of failing, page, product",
        "--cache page|cache: \"page\" has no load query to compare entries with; add"
            + " caches.page.load",
        "--store disk|store: \"disk\" is not known; expected one of redis",
        "--sample 0%|--sample: \"0%\" is no sample; expected a share of the entries above 0%, up"
            + " to 100%, such as 1%",
        "--sample 100.5%|--sample: \"100.5%\" is no sample",
        "--sample 0.01|--sample: \"0.01\" is no sample",
        "--sample many|--sample: \"many\" is no sample",
        "--for 0s|--for: an audit goes on for 1s to 1h; found 0.0 s",
        "--for 2h|--for: an audit goes on for 1s to 1h; found 7200.0 s",
        "--for soon|\"soon\" is not a duration"
      })
  void namesWhatIsWrongAndExitsWithTwo(String options, String sentence) {
    Ran ran = audit(options.split(" "));

    assertThat(ran.err()).contains(sentence);
    assertThat(ran.status()).isEqualTo(2);
  }

  /** As an application does that read the row just now. */
  private static void fill(String cache, int id, String json) throws Exception {
    CacheKey key = new CacheKey(cache, cache + ":" + id);
    Value value = Value.of(json.getBytes(StandardCharsets.UTF_8));
    eventually(
        () -> {
          if (redis.get(key).toCompletableFuture().join() instanceof ReadOutcome.Granted granted) {
            redis
                .fill(key, granted.lease(), value, Duration.ofHours(1))
                .toCompletableFuture()
                .join();
          }
          assertThat(peek(cache, id)).contains(value);
        });
  }

  private static Optional<Value> peek(String cache, int id) {
    return redis
        .peek(new CacheKey(cache, cache + ":" + id))
        .toCompletableFuture()
        .join()
        .map(ReadOutcome.Hit::value);
  }

  /** Entries of that verdict so far, however long each took. */
  private static double checks(String verdict) {
    double sum = 0;
    for (String within : List.of("0s", "1s", "5s", "more")) {
      sum += services.metrics().counter(Metric.AUDIT_CHECKS, "product", verdict, within).count();
    }
    return sum;
  }

  private static List<AuditVerdict> verdicts() throws Exception {
    Topic<String, AuditVerdict> audits = installation.topics().audits();
    List<AuditVerdict> found = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            installation.kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(audits.name()).stream()
              .map(each -> new TopicPartition(each.topic(), each.partition()))
              .toList();
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      eventually(
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
              found.add(audits.value().deserializer().deserialize(audits.name(), record.value()));
            }
            ends.forEach(
                (partition, end) ->
                    assertThat(consumer.position(partition)).isGreaterThanOrEqualTo(end));
          });
    }
    return found;
  }

  private static ServiceClient client() {
    return new ServiceClient(services.uri(), null);
  }

  private static HttpResponse<String> send(String method, String path, String body)
      throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(services.uri() + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static Ran audit(String... options) {
    List<String> arguments = new ArrayList<>(List.of("audit", "--url", services.uri().toString()));
    arguments.addAll(List.of(options));
    return Ran.run(arguments.toArray(String[]::new));
  }
}
