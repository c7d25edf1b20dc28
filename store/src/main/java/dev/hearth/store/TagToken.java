package dev.hearth.store;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * What stands under a tag: 128 random bits, drawn when the tag is created and never again. An entry
 * carries the tokens of its tags; a tag that was deleted and created again has another one.
 */
public record TagToken(long high, long low) {
  /** Bytes of a token. */
  public static final int BYTES = 16;

  /** A token from the JVM's secure source. Thread-safe. */
  public static TagToken random() {
    UUID random = UUID.randomUUID();
    return new TagToken(random.getMostSignificantBits(), random.getLeastSignificantBits());
  }

  /** As the value of the tag's entry. */
  public Value value() {
    return Value.of(ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array());
  }

  /** Empty where the value is no token. */
  static Optional<TagToken> of(Value value) {
    return value
        .bytes()
        .filter(bytes -> bytes.length == BYTES)
        .map(ByteBuffer::wrap)
        .map(buffer -> new TagToken(buffer.getLong(), buffer.getLong()));
  }
}
