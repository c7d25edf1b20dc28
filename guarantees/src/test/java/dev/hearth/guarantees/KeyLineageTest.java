package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Why a key is as it is can be told: which commit, which rule, when each store applied it, what
 * each holds now; after a restart, and by an instance that was not there.
 */
class KeyLineageTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @Test
  void everyInvalidationTellsItsCauseAndWhatEachStoreDid(@TempDir Path another) throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'cup', 10)");
      Services services = shop.startAll();
      String key = shop.product(1);
      for (String store : List.of("redis", "hazelcast")) {
        shop.awaitLeases(shop.store(services, store));
        CoherentCache<String> products = shop.cache(services, "product", store);
        shop.fill(products, "product", shop.store(services, store), key, shop.productName());
        // A fill is known by what the store holds.
        eventually(
            () -> {
              JsonNode entry = entry(why(services, key), store);
              assertThat(entry.path("state").asText()).isEqualTo("entry");
              assertThat(entry.path("bytes").asInt()).isEqualTo(3);
              assertThat(instant(entry, "leaseAfter")).isBefore(Instant.now());
            });
      }

      Instant before = Instant.now();
      long transaction = rename(shop);

      eventually(
          () -> {
            JsonNode story = why(services, key);
            JsonNode last = last(story);
            assertThat(last.path("kind").asText()).isEqualTo("invalidation");
            assertThat(last.path("table").asText()).isEqualTo("public.product");
            assertThat(last.path("row").asText()).isEqualTo("public.product:1");
            assertThat(last.path("transaction").asLong()).isEqualTo(transaction);
            assertThat(last.path("rule").asText()).isEqualTo("rules[0].keys[0]");
            assertThat(instant(last, "at")).isAfter(before.minusSeconds(1));
            assertApplied(last, before);
            assertThat(entry(story, "redis").path("state").asText()).isEqualTo("nothing");
            assertThat(story.toString()).as("no value of a row").doesNotContain("mug");
          });

      shop.execute("truncate category");
      eventually(
          () -> {
            JsonNode last = last(why(services, shop.category(7)));
            assertThat(last.path("kind").asText()).isEqualTo("generation");
            assertThat(last.path("reason").asText()).isEqualTo("truncate");
            assertApplied(last, before);
          });

      List<Long> told = offsets(why(services, key));
      services.close();
      Services again = shop.startAll();
      eventually(() -> assertThat(offsets(why(again, key))).containsAll(told));
      assertThat(
              StreamSupport.stream(why(again, key).path("events").spliterator(), false)
                  .filter(event -> event.path("transaction").asLong() == transaction))
          // What was not acknowledged before the restart may have been published again after it.
          .first()
          .satisfies(event -> assertApplied(event, before));

      // An instance without files reads the topics of the last day.
      try (Services second =
          new Services(
              ConfigLoader.parse(shop.name, shop.yaml(another), Map.of(), Map.of()).config(),
              EnumSet.of(Role.INVALIDATE))) {
        second.start();
        eventually(() -> assertThat(offsets(why(second, key))).containsAll(told));
      }
    }
  }

  private static void assertApplied(JsonNode event, Instant before) {
    assertThat(event.path("stores").findValuesAsText("store"))
        .containsExactlyInAnyOrder("redis", "hazelcast");
    assertThat(event.path("stores"))
        .allSatisfy(
            store -> {
              assertThat(store.path("outcome").asText()).isEqualTo("applied");
              assertThat(instant(store, "at")).isBetween(before, Instant.now());
              assertThat(Duration.ofMillis(store.path("lagMillis").asLong()))
                  .isLessThan(Duration.ofMinutes(1));
            });
  }

  private static long rename(Shop shop) throws Exception {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.executeUpdate("update product set name = 'mug' where id = 1");
      try (ResultSet row = statement.executeQuery("select pg_current_xact_id()::text::bigint")) {
        row.next();
        long transaction = row.getLong(1);
        connection.commit();
        return transaction;
      }
    }
  }

  private static JsonNode why(Services services, String key) throws Exception {
    HttpResponse<String> answer =
        HTTP.send(
            HttpRequest.newBuilder(URI.create(services.uri() + "/v1/why?key=" + key)).build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode stories = new ObjectMapper().readTree(answer.body()).path("stories");
    assertThat(stories).hasSize(1);
    return stories.get(0);
  }

  private static JsonNode last(JsonNode story) {
    assertThat(story.path("events")).isNotEmpty();
    return story.path("events").get(story.path("events").size() - 1);
  }

  private static JsonNode entry(JsonNode story, String store) {
    return StreamSupport.stream(story.path("entries").spliterator(), false)
        .filter(entry -> entry.path("store").asText().equals(store))
        .findFirst()
        .orElseThrow();
  }

  private static List<Long> offsets(JsonNode story) {
    List<Long> offsets = new ArrayList<>();
    story.path("events").forEach(event -> offsets.add(event.path("offset").asLong()));
    return offsets;
  }

  private static Instant instant(JsonNode node, String field) {
    assertThat(node.has(field)).as("%s of %s", field, node).isTrue();
    return Instant.parse(node.path(field).asText());
  }
}
