package dev.hearth.schemas.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.access.AccessReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;

/**
 * The example that docs/heat.md gives to those who write reports in another language: a report as
 * Avro's JSON, and the bytes that it becomes on the topic.
 */
class AccessReportConformanceTest {
  private static final Path JSON = Path.of("../docs/conformance/access-report.json");
  private static final Path HEX = Path.of("../docs/conformance/access-report.hex");
  private static final AccessReport REPORT =
      new AccessReport(
          "shop-python-17",
          Instant.parse("2026-11-23T12:00:00Z"),
          Instant.parse("2026-11-23T12:00:01Z"),
          List.of(
              new AccessReport.KeyCount(
                  "product", "product:42", 120, 3, Duration.ofNanos(7_500_000), 2, 412),
              new AccessReport.KeyCount(
                  "product", "product:z\u00fcrich", 1, 0, Duration.ZERO, 0, 0)),
          5);

  @Test
  void theBytesAreTheReport() throws IOException {
    byte[] bytes = HexFormat.of().parseHex(Files.readString(HEX).strip());

    assertThat(WireCodec.instance().decode(bytes)).isEqualTo(REPORT);
    assertThat(WireCodec.instance().encode(REPORT)).isEqualTo(bytes);
  }

  /** As a writer would make them that has the schema and no code of ours. */
  @Test
  void theJsonBecomesTheBytes() throws IOException {
    Schema schema = PublishedSchemas.versionsOf("AccessReport").get(1);
    GenericRecord record =
        new GenericDatumReader<GenericRecord>(schema)
            .read(null, DecoderFactory.get().jsonDecoder(schema, Files.readString(JSON)));
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
    encoder.flush();

    String hex = Files.readString(HEX).strip();
    assertThat(hex).startsWith("c301").endsWith(HexFormat.of().formatHex(out.toByteArray()));
    assertThat(hex.length() / 2).isEqualTo(10 + out.size());
  }

  @Test
  void theVersionBeforeIsStillRead() {
    byte[] bytes = HexFormat.of().parseHex(VERSION_1);

    assertThat(WireCodec.instance().decode(bytes))
        .isEqualTo(
            new AccessReport(
                "c",
                Instant.EPOCH,
                Instant.EPOCH,
                List.of(new AccessReport.KeyCount("p", "k", 3, 1, Duration.ofNanos(5_000))),
                0));
  }

  /** Client c, both times 0, one count (p, k, 3 reads, 1 miss, 5 us), nothing dropped. */
  private static final String VERSION_1 =
      "c3015a05f30dae59a8ec02630000020270026b06020a0000";
}
