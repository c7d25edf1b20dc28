package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.http.OpenApi;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The OpenAPI document and the routes of the services are the same. */
class OpenApiTest {
  private static final HearthConfig CONFIG =
      ConfigLoader.parse(
              "hearth.yaml",
              """
              source: { postgres: { url: "jdbc:postgresql://localhost:1/shop", user: hearth } }
              kafka: { bootstrapServers: "localhost:1" }
              stores: { redis: { type: redis, uri: "redis://localhost:1" } }
              caches: { product: { stores: [ redis ], key: "product:{id}" } }
              rules: [ { table: public.product, keys: [ "product:{id}" ] } ]
              """,
              Map.of(),
              Map.of())
          .config();

  @Test
  void everyRouteIsDescribedAndEveryDescribedRouteIsThere() {
    try (Services services = new Services(CONFIG, EnumSet.allOf(Role.class))) {
      assertThat(services.endpoints())
          .containsExactlyInAnyOrderElementsOf(OpenApi.described(OpenApi.complete()));
    }
  }

  @Test
  void everyOperationHasAnIdOfItsOwnAndAnswersAndItsParameters() {
    Set<String> ids = new HashSet<>();
    OpenApi.complete()
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          if (!operation.getKey().equals("parameters")) {
                            String at = operation.getKey() + " " + path.getKey();
                            assertThat(ids.add(operation.getValue().path("operationId").asText()))
                                .as(at)
                                .isTrue();
                            assertThat(operation.getValue().path("responses")).as(at).isNotEmpty();
                            assertThat(operation.getValue().path("summary").asText())
                                .as(at)
                                .isNotBlank();
                          }
                        }));
    OpenApi.complete()
        .path("paths")
        .properties()
        .forEach(
            path -> {
              Matcher named = Pattern.compile("\\{(\\w+)}").matcher(path.getKey());
              while (named.find()) {
                assertThat(names(path.getValue().path("parameters"))).contains(named.group(1));
              }
            });
  }

  @Test
  void whatChangesSomethingAsksForTheTokenOrIsAWebhook() {
    Set<String> open = new TreeSet<>();
    OpenApi.complete()
        .path("paths")
        .properties()
        .forEach(
            path ->
                List.of("post", "put", "patch", "delete")
                    .forEach(
                        method -> {
                          JsonNode operation = path.getValue().path(method);
                          if (operation.isObject()
                              && !operation.path("security").path(0).has("bearer")) {
                            open.add(method + " " + path.getKey());
                          }
                        }));
    assertThat(open).containsExactly("post /hooks/deploy");
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    JsonNode document = OpenApi.complete();

    assertThat(document.findValuesAsText("$ref"))
        .isNotEmpty()
        .allSatisfy(
            reference ->
                assertThat(document.at(reference.substring(1)).isMissingNode())
                    .as(reference)
                    .isFalse());
  }

  private static Set<String> names(JsonNode parameters) {
    Set<String> names = new HashSet<>();
    for (JsonNode each : parameters) {
      String reference = each.path("$ref").asText();
      names.add(
          reference.isEmpty()
              ? each.path("name").asText()
              : OpenApi.complete().at(reference.substring(1)).path("name").asText());
    }
    return names;
  }
}
