package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import org.apache.kafka.streams.KeyValue;
import org.jspecify.annotations.Nullable;

/** What came of the bytes of a report. */
sealed interface ReadReport {

  /** What a report says of one cache; its counts are all usable. */
  record Part(String cache, AccessReport report) implements ReadReport {}

  /** Bytes that are no report, as they came; the reason stands in the record's headers. */
  @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
  record Unreadable(byte @Nullable [] value) implements ReadReport {}

  static boolean isUnreadable(byte @Nullable [] key, ReadReport read) {
    return read instanceof Unreadable;
  }

  static KeyValue<String, HeatNews> byCache(byte @Nullable [] key, ReadReport read) {
    Part part = (Part) read;
    return KeyValue.pair(part.cache(), new HeatNews.Reads(part.report()));
  }

  @SuppressWarnings("NullAway") // a dead tombstone stays one
  static byte[] asItCame(ReadReport read) {
    return ((Unreadable) read).value();
  }
}
