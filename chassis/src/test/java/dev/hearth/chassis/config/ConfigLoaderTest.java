package dev.hearth.chassis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hearth.chassis.config.ConfigLoader.Loaded;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {

  private static final String MINIMAL =
      """
      source:
        postgres:
          url: jdbc:postgresql://db:5432/shop
          user: hearth
      kafka:
        bootstrapServers: kafka:9092
      stores:
        redis:
          type: redis
          uri: redis://cache:6379
      caches:
        product:
          stores: [ redis ]
          key: "product:{id}"
      rules:
        - table: public.product
          keys: [ "product:{id}" ]
      """;

  private static final Map<String, String> NONE = Map.of();

  @Test
  void readsTheExampleOfTheSurface() {
    HearthConfig config =
        parse(resource("surface.yaml"), Map.of("HEARTH_DB_PASSWORD", "hunter2"), NONE).config();

    assertThat(config.source().postgres())
        .isEqualTo(
            new HearthConfig.Postgres(
                "jdbc:postgresql://db.internal:5432/shop",
                "hearth",
                new Secret("hunter2"),
                "hearth",
                "hearth",
                List.of("jdbc:postgresql://replica-1:5432/shop")));
    assertThat(config.freshness().whenStale()).isEqualTo(HearthConfig.WhenStale.DATABASE);
    assertThat(config.freshness().bypassBudget().perSecond()).isEqualTo(200);
    assertThat(config.stores())
        .containsExactly(
            Map.entry("redis", new HearthConfig.Redis(List.of("redis://cache:6379"))),
            Map.entry("hazelcast", new HearthConfig.Hazelcast(List.of("hz:5701"), "shop")));
    assertThat(config.caches().keySet()).containsExactly("product", "category-page");
    assertThat(config.caches().get("category-page"))
        .isEqualTo(
            new HearthConfig.Cache(
                List.of("redis"),
                "category:{id}",
                Duration.ofMinutes(10),
                HearthConfig.Mode.FENCED,
                Duration.ofSeconds(5),
                null));
    assertThat(Objects.requireNonNull(config.caches().get("product")).load())
        .startsWith("select p.id, p.name");
    assertThat(config.rules()).hasSize(3);
    assertThat(config.rules().get(2))
        .isEqualTo(
            new HearthConfig.Rule(
                "public.category",
                List.of(),
                List.of("product:{product.id}"),
                null,
                new HearthConfig.Through("public.product", "category_id = id", null, true, null),
                100_000));
  }

  @Test
  void aPatternOfTablesJoinsNothing() {
    String rule =
        """
          - table: "tenant_*.category"
            through: { table: "tenant_*.product", on: "category_id = id" }
            keys: [ "product:{product.id}" ]
        """;

    assertThatThrownBy(() -> parse(MINIMAL + rule))
        .isInstanceOfSatisfying(
            ConfigException.class,
            refused ->
                assertThat(refused.problems())
                    .extracting(Problem::path)
                    .containsExactly("rules[1].table", "rules[1].through.table"));
    assertThat(parse(MINIMAL.replace("public.product", "\"tenant_*.product\"")).config().rules())
        .singleElement()
        .extracting(HearthConfig.Rule::table)
        .isEqualTo("tenant_*.product");
  }

  @Test
  void fillsInDefaults() {
    HearthConfig config = parse(MINIMAL).config();

    assertThat(config.source().postgres().slot()).isEqualTo("hearth");
    assertThat(config.source().postgres().publication()).isEqualTo("hearth");
    assertThat(config.source().postgres().password()).isNull();
    assertThat(config.kafka()).isEqualTo(new HearthConfig.Kafka("kafka:9092", "hearth", Map.of()));
    assertThat(config.http()).isEqualTo(new HearthConfig.Http("127.0.0.1", 8080, null));
    assertThat(config.dataDirectory())
        .isEqualTo(Path.of(System.getProperty("user.home"), ".hearth"));
    assertThat(config.caches().get("product"))
        .isEqualTo(
            new HearthConfig.Cache(
                List.of("redis"),
                "product:{id}",
                Duration.ofHours(1),
                HearthConfig.Mode.FENCED,
                Duration.ofSeconds(5),
                null));
  }

  @Test
  void namesThePublicationLikeTheSlot() {
    HearthConfig config =
        parse(MINIMAL.replace("user: hearth", "user: x\n    slot: shop")).config();

    assertThat(config.source().postgres().publication()).isEqualTo("shop");
  }

  @Test
  void reportsEveryMistakeOfAFileInItsOrder() {
    List<String> problems = problems(resource("five-mistakes.yaml"), NONE, NONE);

    assertThat(problems)
        .containsExactly(
            "stores.redis.urii: unknown key; did you mean 'uri'?",
            "caches.product.stores[0]: no store named 'rediss'; did you mean 'redis'?",
            "caches.product.ttl: \"1hour\" is not a duration; expected a number with a unit such as"
                + " 30s, 10m, 1h",
            "rules[1].keys: missing; expected a list of key templates such as \"product:{id}\"",
            "http.port: 70000 is not a port; expected a whole number from 0 to 65535; 0 takes a"
                + " free port");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          bootstrapServers: kafka:9092 | bootstrapServers: kafka | kafka.bootstrapServers: "kafka" is not a broker's address; expected host:port, separated by commas, such as kafka-1:9092,kafka-2:9092
          bootstrapServers: kafka:9092 | bootstrapServers: | kafka.bootstrapServers: empty; expected host:port, separated by commas, such as kafka-1:9092,kafka-2:9092
          bootstrapServers: kafka:9092 | bootstrapServers: [ a, b ] | kafka.bootstrapServers: a list is not a list of brokers; expected host:port, separated by commas, such as kafka-1:9092,kafka-2:9092
          user: hearth | slot: x | source.postgres.user: missing; expected a role such as hearth
          user: hearth | `user: h\n    slot: My-Slot` | source.postgres.slot: \"My-Slot\" is not a slot name; expected 1 to 63 of the characters a-z, 0-9 and _
          jdbc:postgresql://db:5432/shop | jdbc:mysql://me:hunter2@db/shop | source.postgres.url: "jdbc:mysql://***@db/shop" is not a JDBC URL of PostgreSQL; expected one such as jdbc:postgresql://db.internal:5432/shop
          uri: redis://cache:6379 | uri: http://:hunter2@cache | stores.redis.uri: "http://***@cache" is not a Redis URI; expected a URI such as redis://cache:6379, rediss://cache:6380 or redis-sentinel://s1:26379,s2:26379/0#mymaster
          uri: redis://cache:6379 | uri: redis://cache:70000 | stores.redis.uri: "redis://cache:70000" is not a Redis URI; expected a URI such as redis://cache:6379, rediss://cache:6380 or redis-sentinel://s1:26379,s2:26379/0#mymaster
          uri: redis://cache:6379 | uri: [ redis://a, redis://a ] | stores.redis.uri[1]: 'redis://a' stands in the list twice; remove one
          uri: redis://cache:6379 | # none | stores.redis.uri: missing; expected a URI such as redis://cache:6379, rediss://cache:6380 or redis-sentinel://s1:26379,s2:26379/0#mymaster
          type: redis | type: rediss | stores.redis.type: "rediss" is not one of redis, hazelcast; did you mean 'redis'?
          type: redis | type: memcached | stores.redis.type: "memcached" is not a store type; expected one of redis, hazelcast
          key: "product:{id}" | key: product | caches.product.key: "product" names no column, so the cache would have one entry; expected a template such as "product:{id}"
          key: "product:{id}" | key: "product:{id}:{" | caches.product.key: "product:{id}:{" has a brace without its partner or without a name; expected a template such as "product:{id}"
          stores: [ redis ] | stores: [ redis, redis ] | caches.product.stores[1]: 'redis' stands in the list twice; remove one
          stores: [ redis ] | stores: redis | caches.product.stores: "redis" is not a list; expected a list of store names such as [ redis ]
          stores: [ redis ] | stores: [] | caches.product.stores: empty; expected a list of store names such as [ redis ]
          stores: [ redis ] | `stores: [ redis ]\n    ttl: 30` | caches.product.ttl: 30 is not a duration; expected a number with a unit such as 30s, 10m, 1h
          stores: [ redis ] | `stores: [ redis ]\n    ttl: 8d` | caches.product.ttl: "8d" is too long; expected 1s to 7d
          stores: [ redis ] | `stores: [ redis ]\n    ttl: 999ms` | caches.product.ttl: "999ms" is too short; expected 1s to 7d
          stores: [ redis ] | `stores: [ redis ]\n    mode: fence` | caches.product.mode: "fence" is not one of fenced, plain, observe, tag; did you mean 'fenced'?
          stores: [ redis ] | `stores: [ redis ]\n    mode: 3` | caches.product.mode: 3 is not a mode; expected one of fenced, plain, observe, tag
          stores: [ redis ] | `stores: [ redis ]\n    mode: plain` | caches.product.ttl: missing; a plain cache has to state the longest life that its entries are given, such as 10m: it ends those that both deletes missed
          stores: [ redis ] | `stores: [ redis ]\n    mode: plain\n    ttl: 5s` | caches.product.deleteAgainAfter: "5s" is not below the ttl, 5s, which would end the entry first; expected less
          stores: [ redis ] | `stores: [ redis ]\n    mode: tag\n    load: select 1` | caches.product.load: no key of a cache of mode tag, which holds no rows; remove it, or give the query to the cache whose entries depend on the tag
          stores: [ redis ] | `stores: [ redis ]\n    deleteAgainAfter: 50ms` | caches.product.deleteAgainAfter: "50ms" is too short; expected 100ms to 1h
          stores: [ redis ] | `stores: [ redis ]\n    deleteAgainAfter: 2h` | caches.product.deleteAgainAfter: "2h" is too long; expected 100ms to 1h
          stores: [ redis ] | `stores: [ redis ]\n    halfLife: 500ms` | caches.product.halfLife: "500ms" is too short; expected 1s to 7d
          stores: [ redis ] | `stores: [ redis ]\n    halfLife: 8d` | caches.product.halfLife: "8d" is too long; expected 1s to 7d
          stores: [ redis ] | `stores: [ redis ]\n    halfLive: 5m` | caches.product.halfLive: unknown key; did you mean 'halfLife'?
          stores: [ redis ] | `stores: [ redis ]\n    heatSamples: 10001/s` | caches.product.heatSamples: "10001/s" is too much for a store that has readers to serve; expected 0/s to 10000/s
          table: public.product | table: product | rules[0].table: "product" is not a table with its schema; expected schema.table such as public.product
          table: public.product | `table: public.product\n    limit: 0` | rules[0].limit: 0 is not a whole number from 1 to 10000000; expected a number of keys such as 100000
          table: public.product | `table: public.product\n    through: public.x` | rules[0].through: "public.x" is not a section of keys; expected a section such as { table: public.product, on: "category_id = id" }
          """)
  void saysWhatIsWrongAndWhatIsExpected(String from, String to, String expected) {
    String with = to.replace("\\n", "\n");

    List<String> problems = problems(MINIMAL.replace(from, with), NONE, NONE);

    assertThat(problems).containsExactly(expected);
  }

  @Test
  void refusesACacheWhoseNameWouldMixItsKeysWithAnothers() {
    assertThat(problems(MINIMAL.replace("  product:", "  product/page:"), NONE, NONE))
        .singleElement()
        .asString()
        .contains(
            "'product/page' is not a cache name; expected letters, digits and . _ - such as"
                + " product-page");
  }

  @Test
  void asksForEverySectionOfAnEmptyFile() {
    assertThat(problems("", NONE, NONE))
        .containsExactly(
            "source: missing; expected a section with the key postgres",
            "kafka: missing; expected a section with bootstrapServers",
            "stores: missing; expected at least one store, such as redis: { type: redis, uri:"
                + " \"redis://cache:6379\" }",
            "caches: missing; expected at least one cache, such as product: { stores: [ redis ],"
                + " key: \"product:{id}\" }",
            "rules: missing; expected a list of at least one rule such as { table: public.product,"
                + " keys: [ \"product:{id}\" ] }");
  }

  @Test
  void wantsAtLeastOneCacheAndOneRule() {
    String yaml = MINIMAL.substring(0, MINIMAL.indexOf("caches:")) + "caches: {}\nrules: []\n";

    assertThat(problems(yaml, NONE, NONE))
        .containsExactly(
            "caches: empty; expected at least one cache, such as product: { stores: [ redis ],"
                + " key: \"product:{id}\" }",
            "rules: empty; expected a list of at least one rule such as { table: public.product,"
                + " keys: [ \"product:{id}\" ] }");
  }

  @Test
  void refusesTheKeysOfAnotherStoreType() {
    String yaml =
        MINIMAL.replace("uri: redis://cache:6379", "uri: redis://cache\n    members: [ hz:5701 ]");

    assertThat(problems(yaml, NONE, NONE))
        .containsExactly(
            "stores.redis.members: no key of a store of type redis, which takes uri; remove it or"
                + " change the type");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "redis://cache",
        "rediss://user:p/w@cache:6380/3",
        "redis://[::1]:6379",
        "redis-sentinel://pw@s1:26379,s2:26379/0#mymaster",
        "redis://cache:6379?timeout=1s"
      })
  void acceptsEveryFormOfRedisUri(String uri) {
    HearthConfig config = parse(MINIMAL.replace("redis://cache:6379", '"' + uri + '"')).config();

    assertThat(config.stores().get("redis")).isEqualTo(new HearthConfig.Redis(List.of(uri)));
  }

  @Test
  void takesFlagsBeforeEnvironmentBeforeFileBeforeDefaults() {
    String yaml = MINIMAL + "http: { port: 1, host: 127.0.0.2, token: from-file }\n";
    Map<String, String> environment =
        Map.of("HEARTH_HTTP_PORT", "2", "HEARTH_HTTP_TOKEN", "from-environment");
    Map<String, String> flags = Map.of("http.port", "3");

    HearthConfig config = parse(yaml, environment, flags).config();

    assertThat(config.http())
        .isEqualTo(new HearthConfig.Http("127.0.0.2", 3, new Secret("from-environment")));
    assertThat(config.kafka().topicPrefix()).isEqualTo("hearth");
  }

  @Test
  void overlaysEntriesOfMapsAndListsAndSectionsThatTheFileLacks() {
    Map<String, String> environment =
        Map.of(
            "HEARTH_STORES_REDIS_URI", "redis://other:6379",
            "HEARTH_SOURCE_POSTGRES_REPLICAS", "jdbc:postgresql://a/shop, jdbc:postgresql://b/shop",
            "HEARTH_FRESHNESS_WHEN_STALE", "fail",
            "HEARTH_KAFKA_BOOTSTRAP_SERVERS", "k:1",
            "HEARTH_DATA_DIRECTORY", "~/x");

    HearthConfig config = parse(MINIMAL, environment, NONE).config();

    assertThat(config.stores().get("redis"))
        .isEqualTo(new HearthConfig.Redis(List.of("redis://other:6379")));
    assertThat(config.source().postgres().replicas())
        .containsExactly("jdbc:postgresql://a/shop", "jdbc:postgresql://b/shop");
    assertThat(config.freshness().whenStale()).isEqualTo(HearthConfig.WhenStale.FAIL);
    assertThat(config.kafka().bootstrapServers()).isEqualTo("k:1");
    assertThat(config.dataDirectory()).isEqualTo(Path.of(System.getProperty("user.home"), "x"));
  }

  @Test
  void passesOverVariablesThatNameNoPathOrAreEmpty() {
    Map<String, String> environment =
        Map.of("HEARTH_JAVA", "/usr/bin/java", "HEARTH_HTTP_TOKEN", "", "HEARTH_ROLE", "warm");

    assertThat(parse(MINIMAL, environment, NONE)).isEqualTo(parse(MINIMAL));
  }

  @Test
  void namesTheVariableThatAValueCameFrom() {
    Map<String, String> environment =
        Map.of("HEARTH_CACHES_PRODUCT_TTL", "1hour", "HEARTH_HTTP_PORT", "web");

    assertThat(problems(MINIMAL, environment, NONE))
        .containsExactly(
            "caches.product.ttl: \"1hour\" (from HEARTH_CACHES_PRODUCT_TTL) is not a duration;"
                + " expected a number with a unit such as 30s, 10m, 1h",
            "http.port: \"web\" (from HEARTH_HTTP_PORT) is not a port; expected a whole number from"
                + " 0 to 65535; 0 takes a free port");
  }

  @Test
  void lineageIsOffOrHasRoomToBeOfUse() {
    assertThat(problems(MINIMAL, NONE, Map.of("lineage.diskMegabytes", "63")))
        .containsExactly(
            "lineage.diskMegabytes: 63 (from the flag for lineage.diskMegabytes) is too little to be"
                + " of use; expected 0, which records nothing, or a whole number from 64 to"
                + " 1000000");
    assertThat(problems(MINIMAL, NONE, Map.of("lineage.diskMegabytes", "-1")))
        .containsExactly(
            "lineage.diskMegabytes: -1 (from the flag for lineage.diskMegabytes) is not a size in"
                + " megabytes; expected 0, or a whole number from 64 to 1000000");
  }

  @Test
  void reportsAFlagThatNamesNoKey() {
    assertThat(problems(MINIMAL, NONE, Map.of("http.prot", "1")))
        .containsExactly("http.prot: unknown key; did you mean 'port'?");
  }

  @Test
  void replacesVariablesAndFilesInTextAndNothingInWhatComesIn(@TempDir Path directory)
      throws IOException {
    Path secret = Files.writeString(directory.resolve("db"), "hun${env:TER}\n");
    String yaml =
        MINIMAL
            .replace("user: hearth", "user: $${env:U}\n    password: ${file:%s}".formatted(secret))
            .replace("cache:6379", "${env:CACHE}:${env:PORT}");
    Map<String, String> environment =
        Map.of("CACHE", "c", "PORT", "6380", "TER", "no", "HEARTH_KAFKA_TOPIC_PREFIX", "x");

    HearthConfig config = parse(yaml, environment, NONE).config();

    assertThat(config.source().postgres().user()).isEqualTo("${env:U}");
    assertThat(config.source().postgres().password()).isEqualTo(new Secret("hun${env:TER}"));
    assertThat(config.stores().get("redis"))
        .isEqualTo(new HearthConfig.Redis(List.of("redis://c:6380")));
  }

  @Test
  void readsANumberOutOfAVariableThatTheFileNames() {
    String yaml = MINIMAL + "http: { port: \"${env:PORT}\" }\n";

    assertThat(parse(yaml, Map.of("PORT", "9"), NONE).config().http().port()).isEqualTo(9);
  }

  @Test
  void namesWhatIsNotThereToReplace() {
    String yaml =
        MINIMAL
            .replace("user: hearth", "user: ${env:NO_USER}\n    password: ${file:/no/such}")
            .replace("redis://cache:6379", "${sys:user.home}");

    assertThat(problems(yaml, NONE, NONE))
        .containsExactly(
            "source.postgres.user: the environment variable NO_USER is not set; set it or write the"
                + " value",
            "source.postgres.password: the file /no/such does not exist; create it or write the"
                + " value",
            "stores.redis.uri: ${sys:user.home} is not known; expected ${env:NAME} or"
                + " ${file:/path}, or $${ for the characters");
  }

  @Test
  void showsNoValueThatWasReplaced() {
    String yaml = MINIMAL.replace("redis://cache:6379", "${env:CACHE}");

    assertThat(problems(yaml, Map.of("CACHE", "hunter2"), NONE))
        .containsExactly(
            "stores.redis.uri: the value of ${env:CACHE} is not a Redis URI; expected a URI such as"
                + " redis://cache:6379, rediss://cache:6380 or"
                + " redis-sentinel://s1:26379,s2:26379/0#mymaster");
  }

  @Test
  void showsNoSecretOfTheWrongType() {
    String yaml = MINIMAL.replace("user: hearth", "user: hearth\n    password: 4711");

    assertThat(problems(yaml, NONE, NONE))
        .containsExactly(
            "source.postgres.password: the value is not text; expected a password such as"
                + " ${env:HEARTH_DB_PASSWORD}");
  }

  @Test
  void namesLineAndColumnWhereItIsNoYaml() {
    assertThat(problems("kafka:\n  a: [ 1\nb: 2\n", NONE, NONE))
        .containsExactly(
            "hearth.yaml: line 3, column 2: expected ',' or ']', but got :; expected YAML");
  }

  @Test
  void reportsEveryKeyThatStandsTwiceWithItsLines() {
    String yaml = MINIMAL + "    table: public.price\nhttp: { port: 1, port: 2 }\n";

    assertThat(problems(yaml, NONE, NONE))
        .containsExactly(
            "rules[0].table: stands twice, on lines 16 and 18; remove one",
            "http.port: stands twice, on line 19; remove one");
  }

  @Test
  void refusesADocumentThatIsNoSection() {
    assertThat(problems("- a\n", NONE, NONE))
        .containsExactly(
            "hearth.yaml: not a section of keys; expected the sections source, kafka, stores,"
                + " caches and rules");
  }

  @Test
  void saysWhichFileIsMissing(@TempDir Path directory) {
    Path missing = directory.resolve("hearth.yaml");

    assertThatThrownBy(() -> ConfigLoader.load(missing, NONE, NONE))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            missing + ": no such file; name another with --config, or write one: hearth init");
  }

  @Test
  void saysThatADirectoryIsNoFile(@TempDir Path directory) {
    assertThatThrownBy(() -> ConfigLoader.load(directory, NONE, NONE))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            directory + ": a directory; expected a file such as " + directory + "/hearth.yaml");
  }

  @Test
  void printsTheEffectiveConfigurationWithSecretsMasked() {
    String yaml =
        MINIMAL
            .replace("user: hearth", "user: hearth\n    password: hunter2")
            .replace("db:5432/shop", "db:5432/shop?password=hunter2&ssl=true")
            .replace("redis://cache", "redis://:hunter2@cache")
            .replace(
                "kafka:9092",
                "kafka:9092\n  properties: { sasl.jaas.config: hunter2, client.id: me }");

    Loaded loaded = parse(yaml, Map.of("HEARTH_HTTP_TOKEN", "hunter2"), NONE);

    assertThat(loaded.effectiveYaml())
        .doesNotContain("hunter2")
        .contains("password: '***'", "token: '***'", "redis://***@cache:6379")
        .contains("?password=***&ssl=true", "sasl.jaas.config: '***'", "client.id: me")
        .contains("ttl: 1h", "port: 8080");
    assertThat(loaded.toString()).doesNotContain("hunter2");
    assertThat(loaded.config().toString()).doesNotContain("hunter2");
  }

  @Test
  void readsItsOwnEffectiveConfigurationToTheSameEffect() {
    Loaded first = parse(MINIMAL);

    Loaded second = parse(first.effectiveYaml());

    assertThat(second).isEqualTo(first);
  }

  private static Loaded parse(String yaml) {
    return parse(yaml, NONE, NONE);
  }

  private static Loaded parse(
      String yaml, Map<String, String> environment, Map<String, String> flags) {
    return ConfigLoader.parse("hearth.yaml", yaml, environment, flags);
  }

  private static List<String> problems(
      String yaml, Map<String, String> environment, Map<String, String> flags) {
    ConfigException refused =
        catchThrowableOfType(ConfigException.class, () -> parse(yaml, environment, flags));
    assertThat(refused).as("a configuration with problems").isNotNull();
    return refused.problems().stream().map(Problem::toString).toList();
  }

  private static String resource(String name) {
    try (InputStream in = ConfigLoaderTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new IllegalStateException(name, failure);
    }
  }
}
