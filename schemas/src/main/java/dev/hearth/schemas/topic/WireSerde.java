package dev.hearth.schemas.topic;

import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.codec.WireCodec;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Serde of one topic's values. Null, a tombstone, stays null. Thread-safe.
 *
 * <p>Deserialising what is not a value of the topic throws {@link UnreadableRecordException}.
 *
 * @param <V> what the topic carries
 */
final class WireSerde<V> implements Serde<V> {
  private final Function<V, Object> unwrap;
  private final Function<Object, V> wrap;

  WireSerde(Function<V, Object> unwrap, Function<Object, V> wrap) {
    this.unwrap = unwrap;
    this.wrap = wrap;
  }

  static <V> WireSerde<V> of(Class<V> type) {
    return new WireSerde<>(
        value -> value,
        decoded -> {
          if (!type.isInstance(decoded)) {
            throw notHere(decoded);
          }
          return type.cast(decoded);
        });
  }

  static UnreadableRecordException notHere(Object decoded) {
    return new UnreadableRecordException(
        "a " + decoded.getClass().getSimpleName() + " record does not belong on this topic");
  }

  @Override
  public Serializer<V> serializer() {
    return (topic, value) ->
        value == null ? null : WireCodec.instance().encode(unwrap.apply(value));
  }

  @Override
  public Deserializer<V> deserializer() {
    return (topic, bytes) -> decode(bytes);
  }

  @SuppressWarnings("NullAway") // Kafka's contract: null in, null out
  private V decode(byte @Nullable [] bytes) {
    return bytes == null ? null : wrap.apply(WireCodec.instance().decode(bytes));
  }
}
