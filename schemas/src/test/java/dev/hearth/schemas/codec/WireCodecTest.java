package dev.hearth.schemas.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Records to bytes and back. */
class WireCodecTest {
  private final WireCodec codec = WireCodec.instance();
  private final Topics topics = new Topics("hearth");

  @Test
  void bringsEveryRecordBackAsItWas() {
    Cases.check(
        300,
        random -> {
          for (Object record : new SamplesOfRecords(random).oneOfEach()) {
            assertThat(codec.decode(codec.encode(record))).isEqualTo(record);
          }
        });
  }

  @Test
  void knowsTheSchemaOfWhatItWroteByTheFingerprintInTheHeader() {
    for (Object record : new SamplesOfRecords(new Random(Cases.seed())).oneOfEach()) {
      byte[] bytes = codec.encode(record);

      assertThat(Arrays.copyOf(bytes, 2)).containsExactly(0xC3, 0x01);
      assertThat(codec.schema(fingerprint(bytes))).contains(codec.schemaOf(record.getClass()));
    }
  }

  @Test
  void refusesWhatIsNoRecordAtAll() {
    assertRefused(null, "the value is null");
    assertRefused(
        new byte[0], "the value of 0 bytes does not begin with C3 01, Avro's single-object marker");
    assertRefused(
        "{\"json\":true}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
        "the value of 13 bytes does not begin with C3 01, Avro's single-object marker");
    assertRefused(
        new byte[] {(byte) 0xC3, 0x01, 1},
        "the value of 3 bytes does not begin with C3 01, Avro's single-object marker");
  }

  @Test
  void refusesASchemaThatThisBuildDoesNotKnow() {
    assertRefused(
        new byte[] {(byte) 0xC3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9},
        "the schema with fingerprint 0807060504030201 is not known to this build; a newer version"
            + " may have written it");
  }

  @Test
  void refusesARecordThatIsCutShortWhereverItIsCut() {
    byte[] whole = codec.encode(watermark());

    for (int length = 10; length < whole.length; length++) {
      assertRefused(
          Arrays.copyOf(whole, length),
          "the bytes are cut short or damaged: not a Watermark record");
    }
  }

  @Test
  void refusesARecordWithBytesLeftOver() {
    byte[] whole = codec.encode(watermark());

    assertRefused(
        Arrays.copyOf(whole, whole.length + 1),
        "the bytes are cut short or damaged: not a Watermark record");
  }

  @Test
  void readsDamagedBytesOrRefusesThemButNeverFailsInAnotherWay() {
    Cases.check(
        300,
        random -> {
          for (Object record : new SamplesOfRecords(random).oneOfEach()) {
            byte[] bytes = codec.encode(record);
            for (int damage = 1 + random.nextInt(3); damage > 0; damage--) {
              bytes[10 + random.nextInt(bytes.length - 10)] = (byte) random.nextInt();
            }
            try {
              assertThat(codec.decode(bytes)).isInstanceOf(record.getClass());
            } catch (UnreadableRecordException e) {
              assertThat(e)
                  .hasMessageMatching("the bytes are cut short or damaged: not an? \\w+ record");
            }
          }
        });
  }

  @Test
  void refusesARecordOnATopicThatDoesNotCarryIt() {
    byte[] watermark = codec.encode(watermark());
    byte[] change =
        codec.encode(
            new SamplesOfRecords(new Random(Cases.seed()))
                .oneOfEach().stream().filter(ChangeEvent.class::isInstance).findFirst().get());
    Topic<String, AccessReport> accesses = topics.accesses();
    Topic<String, InvalidationRecord> invalidations = topics.invalidations();
    Topic<String, ChangeRecord> changes = topics.changes();

    assertThatThrownBy(
            () -> accesses.value().deserializer().deserialize(accesses.name(), watermark))
        .isInstanceOf(UnreadableRecordException.class)
        .hasMessage("a Watermark record does not belong on this topic");
    assertThatThrownBy(
            () -> invalidations.value().deserializer().deserialize(invalidations.name(), change))
        .isInstanceOf(UnreadableRecordException.class)
        .hasMessage("a ChangeEvent record does not belong on this topic");
    assertThat(changes.value().deserializer().deserialize(changes.name(), change))
        .isInstanceOf(ChangeEvent.class);
    assertThat(changes.value().deserializer().deserialize(changes.name(), null)).isNull();
  }

  @Test
  void refusesToWriteWhatDoesNotTravel() {
    assertThatThrownBy(() -> codec.encode("text"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("java.lang.String is not a record that travels");
  }

  @Test
  void readsWhatAnOlderPublishedVersionWrote() throws IOException {
    Schema older =
        new Schema.Parser()
            .parse(
                """
                {"type": "record", "name": "Watermark", "namespace": "dev.hearth.schemas.wire",
                 "fields": [
                   {"name": "gateTime", "type": {"type": "long", "logicalType": "timestamp-micros"}},
                   {"name": "dropped", "type": "string"},
                   {"name": "gateLsn", "type": "long"},
                   {"name": "position", "type": {"type": "record", "name": "Position", "fields": [
                     {"name": "lsn", "type": "int"}, {"name": "epoch", "type": "long"}]}}]}
                """);
    WireCodec knowing =
        WireCodec.with(name -> name.equals("Watermark") ? List.of(older) : List.of());

    GenericRecord position = new GenericData.Record(older.getField("position").schema());
    position.put("epoch", 3L);
    position.put("lsn", 7);
    GenericRecord record = new GenericData.Record(older);
    record.put("position", position);
    record.put("gateLsn", 8L);
    record.put("gateTime", 1_000_000L);
    record.put("dropped", "x");

    assertThat(knowing.decode(bytes(older, record)))
        .isEqualTo(new Watermark(new Position(3, 7), 8, Instant.ofEpochSecond(1)));
    assertThat(knowing.schema(SchemaNormalization.parsingFingerprint64(older))).contains(older);
    assertThatThrownBy(() -> codec.decode(bytes(older, record)))
        .isInstanceOf(UnreadableRecordException.class)
        .hasMessageContaining("is not known to this build");
  }

  private void assertRefused(byte @Nullable [] bytes, String sentence) {
    assertThatThrownBy(() -> codec.decode(bytes))
        .isInstanceOf(UnreadableRecordException.class)
        .hasMessage(sentence);
  }

  private static Watermark watermark() {
    return new Watermark(new Position(300, 400_000), 500_000, Instant.ofEpochSecond(600));
  }

  private static long fingerprint(byte[] bytes) {
    return ByteBuffer.wrap(bytes, 2, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  /** Avro's single-object encoding, by hand. */
  private static byte[] bytes(Schema schema, GenericRecord record) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0xC3);
    out.write(0x01);
    out.write(
        ByteBuffer.allocate(8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(SchemaNormalization.parsingFingerprint64(schema))
            .array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }
}
