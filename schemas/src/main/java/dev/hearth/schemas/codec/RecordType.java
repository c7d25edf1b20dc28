package dev.hearth.schemas.codec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.message.BadHeaderException;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.MissingSchemaException;
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

  D decode(byte[] bytes) {
    try {
      return fromWire.apply(decoder.decode(ByteBuffer.wrap(bytes)));
    } catch (BadHeaderException | MissingSchemaException e) {
      throw new UnreadableRecordException(e.getMessage(), e);
    } catch (IOException | AvroRuntimeException | IndexOutOfBoundsException
        | IllegalArgumentException | NullPointerException e) {
      throw new UnreadableRecordException(
          "the bytes are cut short or damaged: not a " + schema.getName() + " record", e);
    }
  }
}
