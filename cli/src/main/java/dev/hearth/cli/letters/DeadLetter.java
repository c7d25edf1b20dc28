package dev.hearth.cli.letters;

import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.codec.WireCodec;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * A record that was set aside, as it came. Immutable by agreement: the bytes are nobody's to
 * change.
 *
 * @param offset on the topic of the letters: its number
 * @param headers as text; of one that stands several times, the last
 */
public record DeadLetter(
    long offset,
    Instant at,
    Optional<byte[]> key,
    Optional<byte[]> value,
    Map<String, String> headers) {
  static final String STAGE = "hearth.stage";
  static final String TOPIC = "__streams.errors.topic";
  static final String MESSAGE = "__streams.errors.message";

  /** How often what the letter holds had been put back before it failed again. */
  static final String REDRIVEN = "hearth.redriven";

  public DeadLetter {
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
  }

  static DeadLetter of(ConsumerRecord<byte[], byte[]> record) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (Header header : record.headers()) {
      headers.put(
          header.key(),
          header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8));
    }
    return new DeadLetter(
        record.offset(),
        Instant.ofEpochMilli(record.timestamp()),
        Optional.ofNullable(record.key()),
        Optional.ofNullable(record.value()),
        headers);
  }

  /** Who set it aside; empty where the letter does not say. */
  public String stage() {
    return headers.getOrDefault(STAGE, "");
  }

  /** Where it came from; empty where it came from no topic. */
  public String topic() {
    return headers.getOrDefault(TOPIC, "");
  }

  public String reason() {
    return headers.getOrDefault(MESSAGE, "no reason was given");
  }

  /** Times that it had been put back already. */
  public int redriven() {
    String count = headers.getOrDefault(REDRIVEN, "0");
    return count.matches("\\d{1,9}") ? Integer.parseInt(count) : 0;
  }

  public String keyText() {
    return key.map(bytes -> new String(bytes, StandardCharsets.UTF_8)).orElse("");
  }

  /**
   * What it holds.
   *
   * @throws UnreadableRecordException with the reason, where this build cannot read it
   */
  Object decoded() {
    return WireCodec.instance().decode(value.orElse(null));
  }
}
