package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Letters of services that run, from their being written to their being put back. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DlqCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Topics TOPICS = new Topics("letters");
  private static final Position LONG_AGO = new Position(1, 1);

  private static Installation installation;
  private static Path file;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    installation =
        new Installation("letters", directory, Server.POSTGRES, Server.KAFKA, Server.REDIS);
    installation.execute("create table product (id int primary key)");
    file =
        installation.file(
            installation.yaml(
                """
                caches:
                  product: { stores: [ redis ], key: "product:{id}" }
                rules:
                  - { table: public.product, keys: [ "product:{id}" ] }
                """));
  }

  @AfterAll
  static void stop() {
    installation.close();
  }

  @Test
  @Order(1)
  void saysThatThereIsNoSuchTopicBeforeTheFirstStart() {
    Ran ran = run("list");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).startsWith("there is no topic letters.dead-letters yet");
  }

  @Test
  @Order(2)
  void listsWhatTheServicesSetAsideAndShowsItWhole() throws Exception {
    installation.start(file, EnumSet.of(Role.INGEST, Role.INVALIDATE));
    eventually(() -> assertThat(now()).as("a watermark").isPresent());
    byte[] garbage = {(byte) 0xC3, 1, 2, 3, 0, 5};
    produce(TOPICS.changes().name(), garbage, Map.of());
    // As what was put back twice and fails again.
    produce(TOPICS.changes().name(), garbage, Map.of("hearth.redriven", "2"));
    eventually(
        () ->
            assertThat(JSON.readTree(run("list", "-o", "json").out()).path("matching").asLong())
                .isEqualTo(2));

    JsonNode list = JSON.readTree(run("list", "-o", "json").out());
    Ran table = run("list", "--limit", "1");
    Ran shown = run("show", "0");

    assertThat(list.path("matching").asInt()).isEqualTo(2);
    assertThat(list.path("letters").path(0).path("stage").asText()).isEqualTo("derivation");
    assertThat(list.path("letters").path(1).path("redriven").asInt()).isEqualTo(2);
    assertThat(table.out())
        .contains("(put back 2 times) the value of 6 bytes does not begin with C3 01")
        .contains("The newest 1 of 2;");
    assertThat(shown.status()).isZero();
    assertThat(shown.out())
        .contains("__streams.errors.topic", "letters.changes")
        .contains("bytes", "c30102030005")
        .contains("It cannot be put back: this build cannot read it either");
  }

  @Test
  @Order(3)
  void putsAChangeBackAtAPositionThatIsNotBelowNow() throws Exception {
    long letter =
        produce(
            TOPICS.deadLetters().name(),
            WireCodec.instance()
                .encode(
                    new ChangeEvent(
                        "public.product",
                        Operation.INSERT,
                        RowImage.UNKNOWN,
                        new RowImage(Map.of("id", "77")),
                        5,
                        1,
                        LONG_AGO,
                        Instant.EPOCH,
                        Instant.EPOCH)),
            Map.of(
                "__streams.errors.topic", TOPICS.changes().name(),
                "__streams.errors.message", "division by zero",
                "hearth.stage", "derivation"));
    Position published = now().orElseThrow();

    Ran shown = run("show", Long.toString(letter));
    Ran ran = run("redrive", Long.toString(letter));

    assertThat(shown.out())
        .contains("division by zero", "ChangeEvent", "\"table\":\"public.product\"")
        .contains("It can be put back: hearth dlq redrive " + letter);
    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out()).isEqualTo("Letter " + letter + " is put back on letters.changes.\n");
    Invalidation invalidation = awaitInvalidation("product:77");
    assertThat(invalidation.position().atLeast(published)).isTrue();
    assertThat(invalidation.position()).isNotEqualTo(LONG_AGO);
    assertThat(JSON.readTree(run("list", "-o", "json").out()).path("matching").asLong())
        .as("the letter stays")
        .isEqualTo(3);
  }

  @Test
  @Order(4)
  void asksBeforeItPutsBackWhatAFilterFinds() throws Exception {
    Ran nobody = run("redrive", "--stage", "derivation");
    Ran no = redrive(question -> Optional.of("no"), "--stage", "derivation", "--since", "1h");
    List<String> questions = new ArrayList<>();
    Ran yes =
        redrive(
            question -> {
              questions.add(question);
              return Optional.of("yes");
            },
            "--stage",
            "derivation",
            "-o",
            "json");

    assertThat(nobody.status()).isEqualTo(2);
    assertThat(nobody.err()).startsWith("1 of 3 letters would be put back").contains("--yes");
    assertThat(no.status()).isEqualTo(1);
    assertThat(no.err()).startsWith("Nothing was put back.");
    assertThat(questions).containsExactly("Put 1 of 3 letters back? Type yes: ");
    assertThat(yes.status()).as("two of them cannot be").isEqualTo(1);
    JsonNode letters = JSON.readTree(yes.out()).path("letters");
    assertThat(letters).hasSize(3);
    assertThat(letters.path(0).path("putBack").asBoolean()).isFalse();
    assertThat(letters.path(2).path("putBack").asBoolean()).isTrue();
    assertThat(run("list", "--stage", "heat").out()).isEqualTo("No letter.\n");
    assertThat(run("list", "--until", "1d").out()).isEqualTo("No letter.\n");
  }

  @Test
  @Order(5)
  void namesWhatIsWrongWithTheQuestion() {
    assertThat(run("show", "999").status()).isEqualTo(2);
    assertThat(run("show", "999").err())
        .startsWith("there is no letter 999; expected 0 to 2; list them with: hearth dlq list");
    assertThat(run("redrive").status()).isEqualTo(2);
    assertThat(run("redrive").err()).contains("Name letters by their numbers, or by --stage");
    assertThat(run("list", "--since", "yesterday").err()).contains("\"yesterday\" is no time");
    assertThat(run("list", "--limit", "0").err()).contains("--limit is 0; expected 1 to 10000");
    assertThat(Ran.run("dlq").status()).isEqualTo(2);
  }

  private static Ran run(String command, String... further) {
    List<String> arguments = new ArrayList<>(List.of("dlq", command));
    arguments.addAll(List.of(further));
    arguments.addAll(List.of("--config", file.toString()));
    return Ran.run(arguments.toArray(String[]::new));
  }

  private static Ran redrive(
      java.util.function.Function<String, Optional<String>> terminal, String... further) {
    List<String> arguments = new ArrayList<>(List.of(further));
    arguments.addAll(List.of("--config", file.toString()));
    return Ran.run(
        new CommandLine(new RedriveCommand(terminal)).setCaseInsensitiveEnumValuesAllowed(true),
        arguments.toArray(String[]::new));
  }

  private static Optional<Position> now() {
    return new PublishedHistory(TOPICS, installation.kafka())
        .latestWatermark()
        .map(mark -> mark.ceiling());
  }

  private static long produce(String topic, byte[] value, Map<String, String> headers)
      throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            installation.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(
              topic, 0, "public.product:77".getBytes(StandardCharsets.UTF_8), value);
      headers.forEach(
          (name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
      return producer.send(record).get(30, TimeUnit.SECONDS).offset();
    }
  }

  private static Invalidation awaitInvalidation(String key) throws Exception {
    Topic<String, InvalidationRecord> topic = TOPICS.invalidations();
    List<Invalidation> found = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            installation.kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          IntStream.range(0, topic.partitions())
              .mapToObj(partition -> new TopicPartition(topic.name(), partition))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      eventually(
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
              if (topic.value().deserializer().deserialize(topic.name(), record.value())
                      instanceof Invalidation invalidation
                  && invalidation.key().equals(key)) {
                found.add(invalidation);
              }
            }
            assertThat(found).as("invalidations of %s", key).isNotEmpty();
          });
    }
    return found.get(0);
  }
}
