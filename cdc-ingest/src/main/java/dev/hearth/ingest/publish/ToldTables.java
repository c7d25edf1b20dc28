package dev.hearth.ingest.publish;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * How the tables were that the changes topic has told of: a header of the epoch's record on the
 * epochs topic, so that it is of that epoch and of no other. Immutable.
 *
 * @param digests by {@code schema.table}; equal where nothing changed
 */
public record ToldTables(Map<String, String> digests) {
  /** The header: a line for each table, its digest, a space and its name. */
  static final String HEADER = "hearth.tables";

  /** A broker takes records of 1 MB, unless it is told otherwise. */
  private static final int MOST_BYTES = 500_000;

  public static final ToldTables NONE = new ToldTables(Map.of());

  public ToldTables {
    digests = Map.copyOf(digests);
  }

  /** Of too many tables nothing is kept, so that all of them are distrusted. */
  byte[] bytes() {
    StringBuilder lines = new StringBuilder();
    new TreeMap<>(digests)
        .forEach((table, digest) -> lines.append(digest).append(' ').append(table).append('\n'));
    byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
    return bytes.length > MOST_BYTES ? new byte[0] : bytes;
  }

  /** What a record says; nothing where it was written by a version that said nothing. */
  static ToldTables of(Headers headers) {
    Header header = headers.lastHeader(HEADER);
    if (header == null || header.value() == null) {
      return NONE;
    }
    Map<String, String> digests = new TreeMap<>();
    new String(header.value(), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.indexOf(' ') > 0)
        .forEach(
            line ->
                digests.put(
                    line.substring(line.indexOf(' ') + 1), line.substring(0, line.indexOf(' '))));
    return new ToldTables(digests);
  }
}
