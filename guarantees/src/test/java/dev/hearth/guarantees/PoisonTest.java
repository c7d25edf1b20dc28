package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.store.FencedStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** A record that cannot be read blocks nothing, does not disappear, and is never trusted away. */
class PoisonTest {
  private static final byte[] GARBAGE = "not avro".getBytes(StandardCharsets.UTF_8);

  @Test
  void garbageAmongChangesIsKeptAndVoidsTheCachesOfItsTable() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'cup', 10), (2, 'pot', 20)");
      shop.execute("insert into category values (10, 'kitchen')");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, "redis");
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", "redis");
      CoherentCache<String> categories = shop.cache(services, "category", "redis");
      shop.fill(products, "product", store, shop.product(1), shop.productName());
      shop.fill(categories, "category", store, shop.category(10), key -> Optional.of("page"));

      produce(shop, shop.topics().changes().name(), 0, "public.price:1");

      eventually(() -> assertThat(shop.cached(store, "product", shop.product(1))).isEmpty());
      assertThat(shop.cached(store, "category", shop.category(10))).contains("page");
      List<ConsumerRecord<byte[], byte[]>> letters = deadLetters(shop, 1);
      assertThat(letters.get(0).value()).isEqualTo(GARBAGE);
      assertThat(header(letters.get(0), "hearth.stage")).isEqualTo("derivation");
      assertThat(header(letters.get(0), "__streams.errors.message"))
          .isEqualTo("the value of 8 bytes does not begin with C3 01, Avro's single-object marker");

      shop.fill(products, "product", store, shop.product(2), shop.productName());
      shop.execute("update product set name = 'pan' where id = 2");
      eventually(
          () -> assertThat(products.get(shop.product(2), shop.productName())).contains("pan"));
    }
  }

  @Test
  void garbageAmongInvalidationsVoidsWhatItMayHaveConcerned() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product select i, 'p' || i, 1 from generate_series(1, 50) i");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, "redis");
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", "redis");
      for (int id = 1; id <= 50; id++) {
        shop.fill(products, "product", store, shop.product(id), shop.productName());
      }
      int partitions = shop.topics().invalidations().partitions();
      List<Integer> concerned = new ArrayList<>();
      List<Integer> others = new ArrayList<>();
      for (int id = 1; id <= 50; id++) {
        int partition = dev.hearth.schemas.key.KeySlot.partitionOf(shop.product(id), partitions);
        (partition == 0 ? concerned : others).add(id);
      }
      assertThat(concerned).isNotEmpty();

      produce(shop, shop.topics().invalidations().name(), 0, "whatever");

      eventually(
          () -> {
            for (int id : concerned) {
              assertThat(shop.cached(store, "product", shop.product(id))).isEmpty();
            }
          });
      for (int id : others) {
        assertThat(shop.cached(store, "product", shop.product(id))).contains("p" + id);
      }
      // One for each store: each has to be made safe.
      assertThat(deadLetters(shop, 2))
          .allSatisfy(letter -> assertThat(header(letter, "hearth.stage")).isEqualTo("delivery"));
      int again = concerned.get(0);
      eventually(
          () -> {
            products.get(shop.product(again), shop.productName());
            assertThat(shop.cached(store, "product", shop.product(again))).contains("p" + again);
          });
    }
  }

  @Test
  void aValueOrARuleThatDoesNotFitIsKeptAndVoidsItsCacheAndTheRestGoesOn() throws Exception {
    try (Shop shop =
        new Shop(yaml -> yaml.replace("columns: [ amount ],", "when: number(after.note) > 0,"))) {
      shop.execute("insert into product values (1, 'cup', 10)");
      shop.execute("insert into category values (10, 'kitchen')");
      Services services = shop.startAll();
      FencedStore store = shop.store(services, "redis");
      shop.awaitLeases(store);
      CoherentCache<String> products = shop.cache(services, "product", "redis");
      CoherentCache<String> categories = shop.cache(services, "category", "redis");
      fill(shop, store, products, "product", shop.product(1));

      shop.execute("insert into price values (1, 5, 'A7')");

      eventually(() -> assertThat(shop.cached(store, "product", shop.product(1))).isEmpty());
      assertThat(reason(shop, "derivation"))
          .isEqualTo("rules[1].when: after.note has a value that is not a number");
      fill(shop, store, products, "product", shop.product(1));

      shop.execute("alter table product rename category_id to cat");
      shop.execute("update product set name = 'mug' where id = 1");

      eventually(() -> assertThat(shop.cached(store, "product", shop.product(1))).isEmpty());
      assertThat(reason(shop, "ingest"))
          .startsWith("\"" + shop.name + ":category:{category_id}\" names no column of");
      fill(shop, store, categories, "category", shop.category(10));

      shop.execute("update category set name = 'house' where id = 10");

      eventually(() -> assertThat(shop.cached(store, "category", shop.category(10))).isEmpty());
    }
  }

  private static void fill(
      Shop shop, FencedStore store, CoherentCache<String> cache, String name, String key)
      throws Exception {
    eventually(
        () -> {
          cache.get(key, unused -> Optional.of("filled"));
          assertThat(shop.cached(store, name, key)).contains("filled");
        });
  }

  private static void produce(Shop shop, String topic, int partition, String key) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(shop.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(topic, partition, key.getBytes(StandardCharsets.UTF_8), GARBAGE))
          .get(30, TimeUnit.SECONDS);
    }
  }

  /** Of the first letter of a stage; others may come before it, and more than once. */
  private static String reason(Shop shop, String stage) throws Exception {
    List<String> reasons = new ArrayList<>();
    awaitLetters(
        shop,
        letter -> {
          if (header(letter, "hearth.stage").equals(stage)) {
            reasons.add(header(letter, "__streams.errors.message"));
          }
        },
        () -> assertThat(reasons).isNotEmpty());
    return reasons.get(0);
  }

  private static List<ConsumerRecord<byte[], byte[]>> deadLetters(Shop shop, int count)
      throws Exception {
    List<ConsumerRecord<byte[], byte[]>> letters = new ArrayList<>();
    awaitLetters(shop, letters::add, () -> assertThat(letters).hasSizeGreaterThanOrEqualTo(count));
    return letters;
  }

  private static void awaitLetters(
      Shop shop, Consumer<ConsumerRecord<byte[], byte[]>> take, Runnable enough) throws Exception {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            shop.kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(shop.topics().deadLetters().name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      eventually(
          () -> {
            consumer.poll(Duration.ofMillis(100)).forEach(take);
            enough.run();
          });
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
  }
}
