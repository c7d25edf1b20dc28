package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.hearth.sandbox.RedisServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.sandbox.Wait;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** What the doctor says of real servers, sound ones and others. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DoctorCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Installation installation;
  private static Sandbox servers;
  private static String yaml;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    installation = new Installation("doc", directory, Server.values());
    servers = installation.servers();
    installation.execute("create table product (id int primary key, category_id int)");
    installation.execute("create role guest login");
    yaml =
        installation.yamlWithHazelcast(
            """
            caches:
              product: { stores: [ redis, hazelcast ], key: "doc:product:{id}" }
            rules:
              - { table: public.product, keys: [ "doc:product:{id}" ] }
            """);
  }

  @AfterAll
  static void stop() {
    installation.close();
  }

  @Test
  @Order(1)
  void findsNoProblemWhereEverythingIsReadyAndChangesNothing() throws Exception {
    Ran ran = doctor(yaml);

    assertThat(ran.out()).contains("\n0 problems, ").doesNotContain("PROBLEM");
    assertThat(ran.status()).isZero();
    assertThat(ran.out().lines().map(String::strip))
        .anyMatch(line -> line.matches("ok +wal_level +logical"))
        .anyMatch(line -> line.matches("ok +publication +doc is not there yet, and created.*"))
        .anyMatch(line -> line.matches("ok +slot +doc is not there yet, and created.*"))
        .anyMatch(line -> line.matches("ok +commands +scripts and every command .*"))
        .anyMatch(line -> line.matches("ok +map +doc.entries is not there yet.*"))
        .anyMatch(line -> line.matches("ok +topics +none of doc\\.\\* is there yet.*"))
        .anyMatch(line -> line.matches("warning +members +1 member: .*"));
    assertThat(installation.one("select count(*) from pg_replication_slots")).isEqualTo("0");
    assertThat(installation.one("select count(*) from pg_publication")).isEqualTo("0");
    redis(redis -> assertThat(redis.keys("*")).isEmpty());
    try (Admin admin = installation.admin()) {
      assertThat(admin.listTopics().names().get()).noneMatch(name -> name.startsWith("doc"));
    }
    assertThat(installation.data()).doesNotExist();
  }

  @Test
  @Order(2)
  void isTheSameForPrograms() throws Exception {
    JsonNode json = JSON.readTree(doctor(yaml, "-o", "json").out());
    JsonNode asYaml = new YAMLMapper().readTree(doctor(yaml, "-o", "yaml").out());

    assertThat(json.path("problems").asInt()).isZero();
    assertThat(json.path("findings"))
        .anyMatch(
            finding ->
                finding.path("server").asText().equals("Redis redis")
                    && finding.path("check").asText().equals("memory")
                    && finding.path("severity").asText().equals("warning")
                    && finding.path("cure").asText().startsWith("CONFIG SET"));
    assertThat(asYaml.path("findings")).hasSameSizeAs(json.path("findings"));
  }

  @Test
  @Order(3)
  void namesWhatARoleMayNotWithTheSqlForItsOwner() throws Exception {
    String user = "user: \"" + servers.postgres().user() + "\"";
    assertThat(yaml).contains(user);

    Ran ran = doctor(yaml.replace(user, "user: guest"));

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.out())
        .contains("PROBLEM replication     role guest may not replicate")
        .contains("cure: ALTER ROLE guest REPLICATION")
        .contains("GRANT SELECT ON public.product TO guest")
        .contains("PROBLEM publication     doc is not there, and role guest may not create it")
        .contains("CREATE PUBLICATION doc FOR TABLE public.product WITH (publish =");
  }

  @Test
  @Order(4)
  void goesOnWhereAServerIsAwayOrSilent() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Ran ran =
          doctor(
              yaml.replace(servers.kafka().bootstrapServers(), "127.0.0.1:1")
                  .replace(servers.hazelcast().address(), "127.0.0.1:" + silent.getLocalPort()),
              "--within",
              "20s");

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.out())
          .contains("kafka.bootstrapServers: no broker answers at 127.0.0.1:1 within 10 s")
          .contains("all else        was not looked at, for want of an answer (version, brokers,")
          .containsPattern("Hazelcast hazelcast\\n  PROBLEM answers ")
          .containsPattern("ok      wal_level +logical")
          .containsPattern("ok      commands +scripts");
      assertThat(ran.took()).isLessThan(Duration.ofSeconds(40));
    }
  }

  @Test
  @Order(5)
  void asksAUserOfRedisWhatItMayDoAndWhatIsEvicted() throws Exception {
    redis(
        redis -> {
          redis.dispatch(
              io.lettuce.core.protocol.CommandType.ACL,
              new io.lettuce.core.output.StatusOutput<>(io.lettuce.core.codec.StringCodec.UTF8),
              new io.lettuce.core.protocol.CommandArgs<>(io.lettuce.core.codec.StringCodec.UTF8)
                  .add("SETUSER")
                  .add("limited")
                  .add("on")
                  .add(">secret")
                  .add("~doc:*")
                  .add("+@all")
                  .add("-eval")
                  .add("-unlink"));
          redis.configSet("maxmemory-policy", "allkeys-lru");
        });
    try {
      Ran ran =
          doctor(
              yaml.replace(
                  servers.redis().uri(),
                  servers.redis().uri().replace("redis://", "redis://limited:secret@")));

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.out())
          .contains("PROBLEM commands        this user may not: UNLINK doc:meta:")
          .contains("EVAL doc:meta:")
          .contains("warning memory          maxmemory-policy allkeys-lru may evict positions")
          .doesNotContain("secret");
    } finally {
      redis(redis -> redis.configSet("maxmemory-policy", "noeviction"));
    }
    redis(redis -> assertThat(redis.keys("*")).isEmpty());
  }

  @Test
  @Order(6)
  void comparesTopicsWithWhatTheyMustBe() throws Exception {
    try (Admin admin = installation.admin()) {
      admin
          .createTopics(
              List.of(
                  new NewTopic("docs.changes", 3, (short) 1)
                      .configs(Map.of("retention.ms", "1000"))))
          .all()
          .get();
      // The broker that is asked learns of it a moment after the controller.
      eventually(() -> assertThat(admin.listTopics().names().get()).contains("docs.changes"));

      Ran ran = doctor(yaml.replace("topicPrefix: doc ", "topicPrefix: docs "));

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.out())
          .contains("docs.changes has 3 partitions; expected 1")
          .contains("docs.changes has retention.ms 1000; expected 604800000")
          .contains("kafka-configs.sh --alter --topic docs.changes --add-config")
          .contains("retention.ms=604800000")
          .contains("docs.accesses, docs.applied,");
    }
  }

  @Test
  @Order(7)
  void seesTheServicesThatRunAndWhetherTheyHaveTheseRules() throws Exception {
    installation.execute("create table price (id int primary key)");
    try (Services services =
        installation.startReady(installation.file(yaml), EnumSet.allOf(Role.class))) {
      assertThat(services.uri()).isNotNull();

      Ran same = doctor(yaml);
      Ran other =
          doctor(
              yaml.replace(
                  "rules:\n",
                  "rules:\n  - { table: public.price, keys: [ \"doc:product:{id}\" ] }\n"));

      assertThat(same.out())
          .contains("the invalidators that run have the same,")
          .containsPattern("slot +doc is read by .*pid \\d+")
          .contains("publication     doc has every table of the rules")
          .contains(" of doc.* as they must be")
          .contains("doc.entries: BINARY, 1 backup, merges are discarded, eviction NONE");
      assertThat(same.status()).isZero();
      assertThat(other.status()).isEqualTo(1);
      assertThat(other.out())
          .contains("the invalidators that run have other caches and rules (")
          .contains("publication     doc does not have public.price yet; added at the start");
    }
  }

  @Test
  @Order(8)
  void namesAMistakeInTheRulesAndWhatCostsSomething() throws Exception {
    Ran ran =
        doctor(
            yaml.replace(
                "rules:\n",
                "rules:\n  - { table: public.product, keys: [ \"doc:product:{category_id}\" ] }\n"
                    + "  - { table: public.prodct, keys: [ \"doc:produce:{id}\" ] }\n"));

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.out())
        .contains("PROBLEM configuration   rules[1].keys[0]: \"doc:produce:{id}\" is the key of no")
        .contains("there is no table public.prodct; did you mean 'public.product'?");

    Ran costly =
        doctor(
            yaml.replace(
                "keys: [ \"doc:product:{id}\" ]", "keys: [ \"doc:product:{category_id}\" ]"));

    assertThat(costly.out()).contains("cure: ALTER TABLE public.product REPLICA IDENTITY FULL");
  }

  @Test
  @Order(9)
  void asksTheMasterThatSentinelsNameAndWhetherTheyAreEnough() throws Exception {
    RedisServer master = servers.startRedis();
    servers.startRedis("replicaof 127.0.0.1 " + master.port());
    await(master, redis -> redis.info("replication").contains("connected_slaves:1"));
    String monitored = "127.0.0.1 " + master.port();
    RedisServer enough = servers.startSentinel("sentinel monitor shop " + monitored + " 1");
    RedisServer few = servers.startSentinel("sentinel monitor lonely " + monitored + " 2");

    Ran unguarded = doctor(sentinels(enough, "shop"));
    redis(master, redis -> redis.configSet("min-replicas-to-write", "1"));
    Ran guarded = doctor(sentinels(enough, "shop"));
    Ran tooFew = doctor(sentinels(few, "lonely"));

    assertThat(unguarded.out())
        .contains("warning topology        1 replicas, and min-replicas-to-write is 0")
        .containsPattern("ok      commands +scripts");
    assertThat(guarded.out()).containsPattern("ok      topology +1 replicas; sentinels agree");
    assertThat(tooFew.out())
        .contains("PROBLEM topology        too few sentinels agree to promote a replica")
        .contains("NOQUORUM");
    assertThat(tooFew.status()).isEqualTo(1);
  }

  @Test
  @Order(10)
  void asksACluster() throws Exception {
    List<RedisServer> nodes =
        List.of(
            servers.startRedis("cluster-enabled yes"), servers.startRedis("cluster-enabled yes"));
    for (int i = 0; i < 2; i++) {
      int half = i;
      redis(
          nodes.get(i),
          redis -> {
            redis.clusterSetConfigEpoch(half + 1);
            redis.clusterAddSlots(IntStream.range(half * 8192, (half + 1) * 8192).toArray());
          });
    }
    redis(nodes.get(0), redis -> redis.clusterMeet("127.0.0.1", nodes.get(1).port()));
    for (RedisServer node : nodes) {
      await(
          node,
          redis ->
              redis.clusterInfo().contains("cluster_state:ok")
                  && redis.clusterInfo().contains("cluster_slots_ok:16384")
                  && redis.clusterInfo().contains("cluster_known_nodes:2"));
    }

    Ran ran =
        doctor(
            yaml.replace(
                servers.redis().uri(), nodes.get(0).uri() + ",127.0.0.1:" + nodes.get(1).port()));

    assertThat(ran.out())
        .containsPattern("ok      topology +a cluster of 2 nodes; every slot is served")
        .containsPattern("ok      commands +scripts");
    for (RedisServer node : nodes) {
      redis(node, redis -> assertThat(redis.keys("*")).isEmpty());
    }
  }

  private static String sentinels(RedisServer sentinel, String master) {
    return yaml.replace(
        servers.redis().uri(), "redis-sentinel://127.0.0.1:" + sentinel.port() + "/0#" + master);
  }

  private static void await(
      RedisServer server, Predicate<RedisCommands<String, String>> condition) {
    redis(
        server,
        redis ->
            assertThat(Wait.until(Duration.ofSeconds(60), () -> condition.test(redis)))
                .as("%s\n%s", redis.info("replication"), redis.info("cluster"))
                .isTrue());
  }

  private static Ran doctor(String text, String... further) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("doctor", "--config", installation.file(text).toString()));
    arguments.addAll(List.of(further));
    if (!arguments.contains("--within")) {
      // A busy machine is no sick server.
      arguments.addAll(List.of("--within", "60s"));
    }
    return run(arguments.toArray(String[]::new));
  }

  private static void redis(Consumer<RedisCommands<String, String>> use) {
    redis(servers.redis(), use);
  }

  private static void redis(RedisServer server, Consumer<RedisCommands<String, String>> use) {
    RedisClient client = RedisClient.create(server.uri());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      use.accept(connection.sync());
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
  }
}
