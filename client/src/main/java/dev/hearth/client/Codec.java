package dev.hearth.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Values to bytes and back. Thread-safe. An exception of either direction never reaches a reader:
 * what cannot be decoded is a miss, what cannot be encoded is not cached; both are counted.
 *
 * @param <V> what is cached
 */
public interface Codec<V> {
  /** The array is not copied and must not be changed afterwards. */
  byte[] encode(V value) throws Exception;

  V decode(byte[] bytes) throws Exception;

  /** Text; malformed bytes and unpaired surrogates are refused, not replaced. */
  Codec<String> UTF_8 =
      new Codec<>() {
        @Override
        public byte[] encode(String value) throws Exception {
          ByteBuffer encoded =
              StandardCharsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(value));
          byte[] bytes = new byte[encoded.remaining()];
          encoded.get(bytes);
          return bytes;
        }

        @Override
        public String decode(byte[] bytes) throws Exception {
          return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        }
      };

  /** Bytes as they are. Callers of one flight share the array: it must not be changed. */
  Codec<byte[]> BYTES =
      new Codec<>() {
        @Override
        public byte[] encode(byte[] value) {
          return value;
        }

        @Override
        public byte[] decode(byte[] bytes) {
          return bytes;
        }
      };
}
