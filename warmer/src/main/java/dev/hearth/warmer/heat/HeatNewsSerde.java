package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * News on the topic between the two halves of the topology, which nobody else reads. Reads are a
 * report as it travels elsewhere, which is what earlier versions left there; writes are one too,
 * that counts them in place of reads, behind a byte which no report begins with.
 */
final class HeatNewsSerde {
  private static final byte WRITES = 'W';
  private static final String NOBODY = "";

  private HeatNewsSerde() {}

  /**
   * The serde.
   *
   * @param reports of reports as they travel elsewhere
   */
  static Serde<HeatNews> of(Serde<AccessReport> reports) {
    Serializer<HeatNews> serializer =
        (topic, news) ->
            news instanceof HeatNews.Reads reads
                ? reports.serializer().serialize(topic, reads.report())
                : marked(reports.serializer().serialize(topic, asReport((HeatNews.Writes) news)));
    Deserializer<HeatNews> deserializer =
        (topic, bytes) ->
            bytes.length > 0 && bytes[0] == WRITES
                ? asWrites(reports.deserializer().deserialize(topic, unmarked(bytes)))
                : new HeatNews.Reads(reports.deserializer().deserialize(topic, bytes));
    return Serdes.serdeFrom(serializer, deserializer);
  }

  private static AccessReport asReport(HeatNews.Writes writes) {
    return new AccessReport(
        NOBODY,
        writes.until(),
        writes.until(),
        writes.byKey().entrySet().stream()
            .map(
                each ->
                    new AccessReport.KeyCount(
                        NOBODY, each.getKey(), each.getValue(), 0, Duration.ZERO))
            .toList(),
        0);
  }

  private static HeatNews asWrites(AccessReport report) {
    Map<String, Long> byKey = new HashMap<>();
    report.counts().forEach(count -> byKey.merge(count.key(), count.reads(), Long::sum));
    return new HeatNews.Writes(byKey, report.to());
  }

  private static byte[] marked(byte[] bytes) {
    byte[] marked = new byte[bytes.length + 1];
    marked[0] = WRITES;
    System.arraycopy(bytes, 0, marked, 1, bytes.length);
    return marked;
  }

  private static byte[] unmarked(byte[] bytes) {
    return java.util.Arrays.copyOfRange(bytes, 1, bytes.length);
  }
}
