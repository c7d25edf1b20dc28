package dev.hearth.store;

import java.util.Arrays;
import java.util.Optional;

/** A cached value: bytes that the application understands, or the knowledge that there is none. */
public final class Value {
  private static final Value ABSENT = new Value(null);

  private final byte @org.jspecify.annotations.Nullable [] bytes;

  private Value(byte @org.jspecify.annotations.Nullable [] bytes) {
    this.bytes = bytes;
  }

  /** A value; the bytes are not copied and must not be changed afterwards. */
  public static Value of(byte[] bytes) {
    return new Value(bytes);
  }

  /** The database has no such row: a negative entry. */
  public static Value absent() {
    return ABSENT;
  }

  public static Value ofOptional(Optional<byte[]> bytes) {
    return bytes.map(Value::of).orElse(ABSENT);
  }

  public boolean isAbsent() {
    return bytes == null;
  }

  public Optional<byte[]> bytes() {
    return Optional.ofNullable(bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Value value && Arrays.equals(value.bytes, bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Never the value itself: values of rows do not belong in logs. */
  @Override
  public String toString() {
    return bytes == null ? "absent" : bytes.length + " bytes";
  }
}
