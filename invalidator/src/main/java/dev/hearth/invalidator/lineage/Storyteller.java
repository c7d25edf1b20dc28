package dev.hearth.invalidator.lineage;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.lineage.WhyAnswer.KeyStory;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Makes the story of a key of what was recorded and of what its stores hold now. What is not known
 * is said to be not known. No I/O, no clock; thread-safe.
 */
final class Storyteller {
  /** A recorder that is up to date hears a watermark many times a second. */
  private static final Duration UP_TO_DATE = Duration.ofSeconds(10);

  private static final long UP_TO_DATE_REPORTS = 1000;

  private final Topic<String, InvalidationRecord> topic;
  private final LineageLimits limits;

  Storyteller(Topic<String, InvalidationRecord> topic, LineageLimits limits) {
    this.topic = topic;
    this.limits = limits;
  }

  /**
   * The story of a key in a cache.
   *
   * @param found what each of the cache's stores holds
   */
  KeyStory tell(
      String cache,
      HearthConfig.Cache settings,
      String key,
      Recorded recorded,
      Progress progress,
      Map<String, Found> found,
      Instant now) {
    int partition = KeySlot.partitionOf(key, topic.partitions());
    Instant oldest = now.minus(limits.horizon());
    List<Happening> events =
        Stream.of(
                Subject.key(partition, cache, key),
                Subject.cache(partition, cache),
                Subject.everything(partition))
            .flatMap(subject -> recorded.newest(subject, limits.eventsOfAKey()).stream())
            .filter(record -> record.timestampMillis() >= oldest.toEpochMilli())
            .sorted(Comparator.comparingLong(LoggedRecord::offset).reversed())
            .limit(limits.eventsOfAKey())
            .sorted(Comparator.comparingLong(LoggedRecord::offset))
            .map(record -> happening(settings, partition, record, recorded))
            .toList();
    // Asked behind the events: what is thrown away meanwhile must not seem to have been there.
    Optional<Instant> since =
        recorded.since(partition).map(told -> told.isBefore(oldest) ? oldest : told);
    List<EntryNow> entries =
        settings.stores().stream()
            .map(
                store ->
                    entry(
                        store,
                        settings.mode(),
                        partition,
                        found.getOrDefault(store, new Found.NotKnown("it was not asked")),
                        recorded))
            .toList();
    return new KeyStory(
        cache,
        settings.mode().name().toLowerCase(Locale.ROOT),
        settings.key(),
        settings.stores(),
        since.orElse(null),
        progress.completeTo(partition).orElse(null),
        limits.eventsOfAKey(),
        events,
        entries,
        notKnown(events, entries, since, progress, partition, now));
  }

  private Happening happening(
      HearthConfig.Cache settings, int partition, LoggedRecord record, Recorded recorded) {
    InvalidationRecord told;
    try {
      told = topic.value().deserializer().deserialize(topic.name(), record.value());
    } catch (UnreadableRecordException e) {
      return unreadable(String.valueOf(e.getMessage()), partition, record);
    }
    if (told instanceof Invalidation invalidation) {
      return Happening.of(
          invalidation,
          partition,
          record,
          delivered(settings, partition, record, invalidation.committedAt(), recorded));
    }
    if (told instanceof InvalidationMark mark && mark.mark() instanceof GenerationRaised raised) {
      return Happening.of(
          raised,
          partition,
          record,
          delivered(settings, partition, record, raised.raisedAt(), recorded));
    }
    if (told instanceof InvalidationMark mark && mark.mark() instanceof EpochRaised raised) {
      return Happening.of(
          raised,
          partition,
          record,
          delivered(settings, partition, record, raised.raisedAt(), recorded));
    }
    return unreadable("the record is none of a key, a cache or an epoch", partition, record);
  }

  private static Happening unreadable(String reason, int partition, LoggedRecord record) {
    return Happening.unreadable(
        reason + "; the deliveries void the partition in each store", partition, record, List.of());
  }

  private static List<Delivered> delivered(
      HearthConfig.Cache settings,
      int partition,
      LoggedRecord record,
      Instant at,
      Recorded recorded) {
    return settings.stores().stream()
        .map(
            store ->
                settings.mode() == HearthConfig.Mode.OBSERVE
                    ? Delivered.without(
                        store, "observed", "observed only: nothing is deleted from this cache")
                    : delivered(store, partition, record.offset(), at, recorded))
        .toList();
  }

  private static Delivered delivered(
      String store, int partition, long offset, Instant at, Recorded recorded) {
    List<Report> reports = recorded.reportsFrom(store, partition, offset);
    List<Instant> rounds =
        reports.stream()
            .filter(report -> report.covers(offset))
            .map(Report::appliedAt)
            .sorted()
            .toList();
    if (!rounds.isEmpty()) {
      Instant again = rounds.get(rounds.size() - 1);
      return new Delivered(
          store,
          "applied",
          rounds.get(0),
          millis(at, rounds.get(0)),
          again.equals(rounds.get(0)) ? null : again,
          "applied");
    }
    if (!reports.isEmpty()) {
      Instant latest = reports.get(0).appliedAt();
      return new Delivered(
          store,
          "applied_by",
          latest,
          millis(at, latest),
          null,
          "applied, at this time at the latest: no report tells of the round");
    }
    return recorded
        .lastReport(store, partition)
        .map(
            last ->
                Delivered.without(
                    store,
                    "not_yet",
                    "not yet, as far as is told: the delivery reported last at "
                        + last.appliedAt()
                        + ", of offset "
                        + last.lastOffset()
                        + ", "
                        + (offset - last.lastOffset())
                        + " before this"))
        .orElseGet(
            () ->
                Delivered.without(
                    store,
                    "not_known",
                    "not known: no delivery to "
                        + store
                        + " has reported on partition "
                        + partition
                        + " in the time that is recorded"));
  }

  private static double millis(Instant from, Instant to) {
    return Duration.between(from, to).toNanos() / 1e6;
  }

  private static EntryNow entry(
      String store, HearthConfig.Mode mode, int partition, Found found, Recorded recorded) {
    if (found instanceof Found.Entry entry) {
      return new EntryNow(
          store,
          entry.bytes() < 0 ? "no_row" : "entry",
          entry.bytes() < 0 ? null : entry.bytes(),
          entry.stamp().toString(),
          recorded.markBelow(partition, entry.stamp()).map(Mark::gateTime).orElse(null),
          leaseBefore(store, partition, entry.stamp(), recorded).orElse(null),
          entry.bytes() < 0
              ? "an entry that says that there is no such row"
              : "an entry of " + entry.bytes() + " bytes");
    }
    if (found instanceof Found.Value value) {
      return new EntryNow(
          store,
          "value",
          value.bytes(),
          null,
          null,
          null,
          "a value of "
              + value.bytes()
              + " bytes; who put it there and when is not known: "
              + mode.name().toLowerCase(Locale.ROOT)
              + " caches carry no stamp");
    }
    if (found instanceof Found.NotKnown unknown) {
      return EntryNow.without(store, "not_known", "not known: " + unknown.reason());
    }
    return EntryNow.without(
        store,
        "nothing",
        mode == HearthConfig.Mode.FENCED
            ? "nothing that a reader would believe: the next read loads it"
            : "nothing");
  }

  /**
   * When A had passed the stamp: a lease that was granted later would bear a later one. The mark is
   * of the log; the first round that ends at or behind it applied it.
   */
  private static Optional<Instant> leaseBefore(
      String store, int partition, Position stamp, Recorded recorded) {
    return recorded
        .markAbove(partition, stamp)
        .flatMap(mark -> recorded.reportsFrom(store, partition, mark.offset()).stream().findFirst())
        .map(Report::appliedAt);
  }

  private List<String> notKnown(
      List<Happening> events,
      List<EntryNow> entries,
      Optional<Instant> since,
      Progress progress,
      int partition,
      Instant now) {
    List<String> sentences = new ArrayList<>();
    if (events.isEmpty()) {
      sentences.add(
          "No event of this key is recorded"
              + since.map(told -> " since " + told).orElse("")
              + "; what came before is not known.");
    } else if (events.size() == limits.eventsOfAKey()) {
      sentences.add(
          "There may be older events: at most " + limits.eventsOfAKey() + " of a key are told.");
    } else {
      sentences.add(
          since
              .map(told -> "What came before " + told + " is not known.")
              .orElse("Since when this is recorded is not known."));
    }
    Optional<Instant> complete = progress.completeTo(partition);
    if (complete.isEmpty() || complete.get().isBefore(now.minus(UP_TO_DATE))) {
      sentences.add(
          "What was committed "
              + complete.map(told -> "after " + told).orElse("lately")
              + " may be missing here: the recorder has read no later watermark, and "
              + progress.recordsBehind()
              + " records are still to be read.");
    }
    if (progress.reportsBehind() > UP_TO_DATE_REPORTS) {
      sentences.add(
          "What deliveries applied may be missing here: "
              + progress.reportsBehind()
              + " of their reports are still to be read.");
    }
    if (entries.stream().anyMatch(entry -> entry.stamp() != null)) {
      sentences.add(
          "When an entry was filled, and by whom, is not recorded; told is when its lease was"
              + " taken, as far as the log says.");
    }
    return sentences;
  }
}
