package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** New rules on the changes of an installation that runs. */
class PlanCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RUNNING = "- { table: public.product, keys: [ \"product:{id}\" ] }";
  private static final String WIDER =
      "- { table: public.product, keys: [ \"product:{id}\", \"category:{id}\" ] }";
  private static final String UNRECORDED =
      "- { table: public.product, keys: [ \"category:{category_id}\" ] }";

  private static Installation installation;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    installation = new Installation("plan", directory, Server.POSTGRES, Server.KAFKA, Server.REDIS);
    installation.execute("create table product (id int primary key, category_id int)");
    // When they are ready they have joined their groups.
    installation.startReady(config(RUNNING), EnumSet.of(Role.INGEST, Role.INVALIDATE));
    installation.execute("insert into product select i, 1 from generate_series(1, 20) i");
    Path file = config(RUNNING);
    eventually(
        () ->
            assertThat(
                    JSON.readTree(plan(file, "--recorded", "1h", "-o", "json").out())
                        .path("changes")
                        .asInt())
                .isGreaterThanOrEqualTo(20));
  }

  @AfterAll
  static void stop() {
    installation.close();
  }

  @Test
  void triesRulesOnRecordedChangesBesideThoseThatRan() throws Exception {
    Path old = config(RUNNING);

    Ran table = plan(config(WIDER), "--recorded", "1h", "--against", old.toString());
    JsonNode json = JSON.readTree(plan(config(WIDER), "--recorded", "1h", "-o", "json").out());

    assertThat(table.status()).isZero();
    assertThat(table.err()).doesNotContain("left out");
    assertThat(table.out())
        .containsPattern("rules\\[0\\] +public\\.product +\\d+ +\\d+ +\\d+ +2 +2\\.0 +- +0 +0")
        .containsPattern("keys +(\\d+) +0 +\\1\\n")
        .contains("only new: category category:1 (insert of public.product, transaction ");
    assertThat(json.path("rules").path(0).path("keys").asInt()).isGreaterThanOrEqualTo(40);
    assertThat(json.path("comparison").isNull()).isTrue();
  }

  @Test
  void readsWhatRecordedChangesDoNotCarryOfTheRowsAsTheyAreNow() throws Exception {
    Ran ran = plan(config(UNRECORDED), "--recorded", "1h");

    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .containsPattern(
            "rules\\[0\\], changes of public\\.product: [0-9,]+ do(es)? not carry a column that it"
                + " reads; its value is that of the row now\n");
  }

  @Test
  void triesThemOnChangesAsTheyComeAndTouchesNothing() throws Exception {
    TreeSet<String> groups = new TreeSet<>(groups());
    long letters = end(new Topics("plan").deadLetters().name());
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<Void> writer =
        writing("update product set category_id = category_id + 1 where id = 1", over);
    try {
      // Again where it was slower to begin than it had time.
      eventually(
          () -> {
            Ran ran = plan(config(WIDER), "--for", "2s", "-o", "json");
            assertThat(ran.status()).isZero();
            JsonNode rule = JSON.readTree(ran.out()).path("rules").path(0);
            assertThat(rule.path("fired").asInt()).isPositive();
            assertThat(rule.path("mostKeys").asInt()).isEqualTo(2);
          });
    } finally {
      over.set(true);
      writer.get(30, TimeUnit.SECONDS);
    }

    assertThat(new TreeSet<>(groups())).isEqualTo(groups);
    assertThat(end(new Topics("plan").deadLetters().name())).isEqualTo(letters);
  }

  @Test
  void namesWhatIsWrongWithTheQuestion() throws Exception {
    Path file = config(RUNNING);
    Path other =
        installation.file(
            Files.readString(file).replace("topicPrefix: plan", "topicPrefix: other"));

    assertThat(plan(file, "--for", "1s", "--recorded", "1h").err())
        .contains("Name one of --for and --recorded, not both.");
    assertThat(plan(file, "--for", "0s").status()).isEqualTo(2);
    assertThat(plan(file, "--for", "1s", "--against", other.toString()).status()).isEqualTo(2);
    assertThat(plan(file, "--for", "1s", "--against", other.toString()).err())
        .contains("kafka.topicPrefix: is plan, and other in --against");
    assertThat(plan(other, "--for", "1s").status()).isEqualTo(1);
    assertThat(plan(other, "--for", "1s").err()).startsWith("there is no topic other.changes yet");
    assertThat(
            plan(config("- { table: public.product, keys: [ \"produce:{id}\" ] }"), "--for", "1s")
                .err())
        .contains("\"produce:{id}\" is the key of no cache");
  }

  private static Ran plan(Path file, String... further) {
    List<String> arguments = new ArrayList<>(List.of("plan", "--config", file.toString()));
    arguments.addAll(List.of(further));
    return Ran.run(arguments.toArray(String[]::new));
  }

  private static Path config(String rule) throws Exception {
    return installation.file(
        installation.yaml(
            """
            caches:
              product: { stores: [ redis ], key: "product:{id}" }
              category: { stores: [ redis ], key: "category:{id}" }
            rules:
              %s
            """
                .formatted(rule)));
  }

  private static List<String> groups() throws Exception {
    try (Admin admin = installation.admin()) {
      return admin.listGroups().all().get(30, TimeUnit.SECONDS).stream()
          .map(group -> group.groupId())
          .toList();
    }
  }

  private static long end(String topic) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Admin admin = installation.admin()) {
      return admin
          .listOffsets(Map.of(partition, OffsetSpec.latest()))
          .partitionResult(partition)
          .get(30, TimeUnit.SECONDS)
          .offset();
    }
  }

  /** Writes the same again and again, until it is over. */
  private static CompletableFuture<Void> writing(String sql, AtomicBoolean over) {
    return CompletableFuture.runAsync(
        () -> {
          while (!over.get()) {
            try {
              installation.execute(sql);
            } catch (SQLException e) {
              throw new IllegalStateException(e);
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
          }
        });
  }
}
