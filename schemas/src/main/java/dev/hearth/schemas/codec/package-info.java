/**
 * Records to bytes and back: Avro single-object encoding, every version that was ever published.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.codec;
