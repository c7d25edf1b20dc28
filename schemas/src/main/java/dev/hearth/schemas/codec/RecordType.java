package dev.hearth.schemas.codec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.SchemaStore;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * One Avro record and the domain record that it stands for. Thread-safe.
 *
 * @param <D> domain record
 * @param <W> class that Avro generated
 */
final class RecordType<D, W extends SpecificRecordBase> {
  private final Class<D> domain;
  private final Schema schema;
  private final BinaryMessageEncoder<W> encoder;
  private final BinaryMessageDecoder<W> decoder;
  private final Function<D, W> toWire;
  private final Function<W, D> fromWire;

  RecordType(
      Class<D> domain,
      Schema schema,
      BinaryMessageEncoder<W> encoder,
      Function<SchemaStore, BinaryMessageDecoder<W>> decoder,
      SchemaStore published,
      Function<D, W> toWire,
      Function<W, D> fromWire) {
    this.domain = domain;
    this.schema = schema;
    this.encoder = encoder;
    this.decoder = decoder.apply(published);
    this.toWire = toWire;
    this.fromWire = fromWire;
  }

  Class<D> domain() {
    return domain;
  }

  Schema schema() {
    return schema;
  }

  long fingerprint() {
    return SchemaNormalization.parsingFingerprint64(schema);
  }

  byte[] encode(Object record) {
    try {
      ByteBuffer buffer = encoder.encode(toWire.apply(domain.cast(record)));
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The record that the bytes hold.
   *
   * @param writer the schema that their fingerprint names
   */
  D decode(byte[] bytes, Schema writer) {
    try {
      walk(bytes, writer);
      return fromWire.apply(decoder.decode(ByteBuffer.wrap(bytes)));
    } catch (IOException | RuntimeException e) {
      // Damaged bytes make Avro fail in many ways.
      throw new UnreadableRecordException(
          "the bytes are cut short or damaged: not "
              + ("AEIOU".indexOf(schema.getName().charAt(0)) < 0 ? "a " : "an ")
              + schema.getName()
              + " record",
          e);
    }
  }

  /** Skips over the record first: a damaged length must not become an allocation of gigabytes. */
  private static void walk(byte[] bytes, Schema writer) throws IOException {
    BinaryDecoder in =
        DecoderFactory.get()
            .binaryDecoder(
                bytes, WireCodec.HEADER_BYTES, bytes.length - WireCodec.HEADER_BYTES, null);
    GenericDatumReader.skip(writer, in);
    if (!in.isEnd()) {
      throw new IOException("bytes are left over behind the record");
    }
  }
}
