package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.OperationsHttp;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.invalidator.Lineage;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told without servers; the story itself: KeyLineageTest in guarantees. */
class WhyCommandTest {
  private final Metrics metrics = new Metrics("1.2.3");
  private Lineage lineage;
  private OperationsHttp http;

  private String yaml(int port, String further) {
    return """
        source: { postgres: { url: "jdbc:postgresql://127.0.0.1:1/none", user: nobody } }
        kafka: { bootstrapServers: "127.0.0.1:1" }
        stores: { redis: { type: redis, uri: "redis://127.0.0.1:1" } }
        caches:
          product: { stores: [ redis ], key: "product:{id}" }
          price: { stores: [ redis ], key: "price:{id}" }
        rules: [ { table: public.product, keys: [ "product:{id}", "price:{id}" ] } ]
        http: { port: %d }
        lineage: { diskMegabytes: 0 }
        %s
        """
        .formatted(port, further);
  }

  @BeforeEach
  void start() throws Exception {
    HearthConfig config = ConfigLoader.parse("test", yaml(0, ""), Map.of(), Map.of()).config();
    lineage =
        new Lineage(config, new Topics("hearth"), Map.of(), Map.of(), metrics, Clock.systemUTC());
    lineage.start();
    http =
        new OperationsHttp(
            new HearthConfig.Http("127.0.0.1", 0, null),
            new Health(),
            metrics,
            List.of(lineage.routes()));
    http.start();
  }

  @AfterEach
  void close() throws Exception {
    http.close();
    lineage.close();
    metrics.close();
  }

  private Ran why(String... arguments) {
    String[] all = new String[arguments.length + 3];
    all[0] = "why";
    all[1] = "--url";
    all[2] = http.uri().toString();
    System.arraycopy(arguments, 0, all, 3, arguments.length);
    return run(all);
  }

  @Test
  void aKeyOfNoCacheIsToldWhatKeysLookLike() {
    Ran ran = why("prodcut:42");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .contains(
            "\"prodcut:42\" is a key of no cache; did you mean \"product:42\"? Keys look like"
                + " product:{id} (product), price:{id} (price)");
  }

  @Test
  void aCacheThatIsNotThereIsNamedWithTheLikelyOne() {
    Ran ran = why("product:42", "--cache", "prodct");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("there is no cache prodct; did you mean 'product'?");
  }

  @Test
  void anEmptyKeyIsRefused() {
    Ran ran = why("");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("The key is missing.", "/v1/why?key=product:42");
  }

  @Test
  void aServiceThatRecordsNothingSaysSo() {
    Ran ran = why("product:42");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("Lineage cannot be told now", "for lineage.diskMegabytes is 0");
  }

  @Test
  void keysThatNeedEscapingArriveAsTheyAre() {
    Ran ran = why("pro?duct&cache=price:ü 42");

    assertThat(ran.err()).contains("\"pro?duct&cache=price:ü 42\" is a key of no cache");
  }

  @Test
  void theServiceOfAConfigurationIsAsked(@TempDir Path directory) throws Exception {
    String file =
        Files.writeString(directory.resolve("hearth.yaml"), yaml(http.uri().getPort(), ""))
            .toString();

    assertThat(run("why", "product:42", "--config", file).err())
        .contains("for lineage.diskMegabytes is 0");
    assertThat(run("why", "product:42", "--config", file, "--url", "http://127.0.0.1:1").err())
        .contains("--config and --url may name two services; give one of them.");
  }

  @Test
  void aPortThatOnlyTheServiceKnowsIsAskedFor(@TempDir Path directory) throws Exception {
    String file = Files.writeString(directory.resolve("hearth.yaml"), yaml(0, "")).toString();

    Ran ran = run("why", "product:42", "--config", file);

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("http.port: 0 takes a free port", "--url");
  }

  @Test
  void theAnswerIsAlsoForPrograms() throws Exception {
    try (Metrics other = new Metrics("1")) {
      OperationsHttp told =
          new OperationsHttp(
              new HearthConfig.Http("127.0.0.1", 0, null),
              new Health(),
              other,
              List.of(
                  routes ->
                      routes.get(
                          "/v1/why",
                          context ->
                              context.json(
                                  new ObjectMapper()
                                      .readTree(
                                          "{\"key\": \"%s\", \"stories\": []}"
                                              .formatted(context.queryParam("key")))))));
      told.start();
      String url = told.uri().toString();

      assertThat(run("why", "a:1", "--url", url, "-o", "json").out())
          .isEqualToIgnoringNewLines("{\"key\":\"a:1\",\"stories\":[]}");
      assertThat(run("why", "a:1", "--url", url, "-o", "yaml").out())
          .contains("key: \"a:1\"", "stories: []");
      told.close();
    }
  }
}
