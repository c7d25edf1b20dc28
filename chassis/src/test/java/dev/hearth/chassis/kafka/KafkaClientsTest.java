package dev.hearth.chassis.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class KafkaClientsTest {
  private static final Map<String, String> KAFKA =
      Map.of(
          "bootstrap.servers", "127.0.0.1:1",
          "acks", "0",
          "enable.idempotence", "false",
          "enable.auto.commit", "true",
          "client.rack", "a");

  @Test
  void keepsWhatTheUserSetAsFarAsNothingIsLostByIt() {
    assertThat(KafkaClients.writing(KAFKA))
        .containsEntry("bootstrap.servers", "127.0.0.1:1")
        .containsEntry("client.rack", "a")
        .containsEntry("acks", "all")
        .containsEntry("enable.idempotence", true);
    assertThat(KafkaClients.readingFromNow(KAFKA))
        .containsEntry("bootstrap.servers", "127.0.0.1:1")
        .containsEntry("client.rack", "a")
        .containsEntry("enable.auto.commit", false)
        .containsEntry("auto.offset.reset", "latest");
    assertThat(KafkaClients.readingFromTheBeginning(KAFKA))
        .containsEntry("auto.offset.reset", "earliest");
  }

  @Test
  void aConsumerAcceptsThem() {
    for (Map<String, Object> settings :
        List.of(KafkaClients.readingFromNow(KAFKA), KafkaClients.readingFromTheBeginning(KAFKA))) {
      try (KafkaConsumer<byte[], byte[]> consumer =
          new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        consumer.assign(List.of(new TopicPartition("a", 0)));
        assertThat(consumer.assignment()).hasSize(1);
      }
    }
  }

  @Test
  void aProducerAcceptsThemAndGivesUpWithoutABroker() {
    Map<String, Object> settings = KafkaClients.writing(KAFKA);
    assertThat(settings).containsEntry("max.block.ms", 5_000);
    settings.put("max.block.ms", 50);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      assertThatThrownBy(
              () -> producer.send(new ProducerRecord<>("a", new byte[0])).get(30, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(TimeoutException.class);
    }
  }
}
