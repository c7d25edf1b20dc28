package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a record of a topic means for the index. No I/O; thread-safe. */
final class Records {
  private static final Logger LOG = LoggerFactory.getLogger(Records.class);

  private final Topic<String, InvalidationRecord> invalidations;
  private final Topic<String, Applied> applied;

  Records(Topics topics) {
    this.invalidations = topics.invalidations();
    this.applied = topics.applied();
  }

  /** A record that was decoded, if it could be. */
  interface Read {
    void addTo(Page page);

    /** Notes up to when the record's partition is complete, where it says so. */
    default void complete(Map<Integer, Instant> completeTo) {}
  }

  Read read(ConsumerRecord<byte[], byte[]> record) {
    return record.topic().equals(applied.name())
        ? ofReport(record, report(record.value()))
        : ofInvalidation(record, decode(record.value()));
  }

  private Optional<Applied> report(byte @Nullable [] value) {
    try {
      return Optional.ofNullable(applied.value().deserializer().deserialize(applied.name(), value));
    } catch (UnreadableRecordException e) {
      // A report may be lost: what it told of is then known by the next one.
      LOG.debug("unreadable report", e);
      return Optional.empty();
    }
  }

  private static Read ofReport(ConsumerRecord<byte[], byte[]> record, Optional<Applied> report) {
    return page -> {
      page.read(new Page.Place(record.topic(), record.partition()), record.offset());
      report.ifPresent(page::add);
    };
  }

  private Optional<InvalidationRecord> decode(byte @Nullable [] value) {
    try {
      return Optional.ofNullable(
          invalidations.value().deserializer().deserialize(invalidations.name(), value));
    } catch (UnreadableRecordException e) {
      return Optional.empty();
    }
  }

  private static Read ofInvalidation(
      ConsumerRecord<byte[], byte[]> record, Optional<InvalidationRecord> decoded) {
    Optional<StreamMark> mark =
        decoded
            .filter(InvalidationMark.class::isInstance)
            .map(each -> ((InvalidationMark) each).mark());
    return new Read() {
      @Override
      public void addTo(Page page) {
        page.read(new Page.Place(record.topic(), record.partition()), record.offset());
        page.readInvalidations(record.partition(), record.offset(), record.timestamp());
        if (mark.isPresent() && mark.get() instanceof Watermark watermark) {
          page.add(record.partition(), record.offset(), watermark);
        } else {
          byte @Nullable [] value = record.value();
          page.add(
              subject(record.partition(), decoded, mark),
              new LoggedRecord(
                  record.offset(), record.timestamp(), value == null ? new byte[0] : value));
        }
      }

      @Override
      public void complete(Map<Integer, Instant> completeTo) {
        if (mark.isPresent() && mark.get() instanceof Watermark watermark) {
          completeTo.put(record.partition(), watermark.gateTime());
        }
      }
    };
  }

  private static Subject subject(
      int partition, Optional<InvalidationRecord> decoded, Optional<StreamMark> mark) {
    if (decoded.isPresent() && decoded.get() instanceof Invalidation invalidation) {
      return Subject.key(partition, invalidation.cache(), invalidation.key());
    }
    if (mark.isPresent() && mark.get() instanceof GenerationRaised raised) {
      return Subject.cache(partition, raised.cache());
    }
    if (mark.isPresent() && mark.get() instanceof EpochRaised) {
      return Subject.everything(partition);
    }
    // What cannot be read may concern every key.
    return Subject.everything(partition);
  }
}
