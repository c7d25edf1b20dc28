package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Derives invalidations from changes and passes marks on, in order. A record that cannot be read or
 * handled becomes a dead letter, and the caches that it may have concerned get a new generation;
 * the rest goes on.
 *
 * <p>Generations are numbered here, since the changes have one partition and so one task. Numbers
 * are never below the wall clock in milliseconds, so that they grow even where the store of them
 * was lost.
 */
final class DerivationProcessor implements Processor<byte[], byte[], Object, Object> {
  static final String POISON = "poison";

  /** Other rules than these derived what stands in the stores, or nobody knows which. */
  static final String RULES_CHANGED = "rules-changed";

  /** The log kept changes for a shorter time than nobody derived. */
  static final String LOG_GAP = "log-gap";

  private static final Duration TICK = Duration.ofSeconds(1);

  private final Derivation derivation;
  private final Rules rules;
  private final KnownRows.Opening opening;
  private final BooleanSupplier missed;
  private final Deserializer<ChangeRecord> deserializer;
  private final String changesTopic;
  private final InvalidationTopology.Listener listener;
  private final Clock clock;
  private @Nullable ProcessorContext<Object, Object> context;
  private @Nullable KeyValueStore<String, String> remembered;
  private KnownRows rows = KnownRows.NONE;
  private final Map<String, CacheLife> lives = new LinkedHashMap<>();

  /** The transaction that each cache was last voided for, in this epoch. */
  private final Map<String, Long> voidedFor = new HashMap<>();

  private Position lastPosition = Position.NONE;
  private boolean rowsMissed;

  DerivationProcessor(
      Rules rules,
      KnownRows.Opening opening,
      BooleanSupplier missed,
      Deserializer<ChangeRecord> deserializer,
      String changesTopic,
      InvalidationTopology.Listener listener,
      Clock clock) {
    this.rules = rules;
    this.derivation = new Derivation(rules);
    this.opening = opening;
    this.missed = missed;
    this.deserializer = deserializer;
    this.changesTopic = changesTopic;
    this.listener = listener;
    this.clock = clock;
  }

  @Override
  public void init(ProcessorContext<Object, Object> processorContext) {
    context = processorContext;
    KeyValueStore<String, String> store =
        processorContext.getStateStore(InvalidationTopology.CACHES);
    remembered = store;
    rows = opening.open(processorContext);
    // Where a task is revived, what it raised may be lost.
    voidedFor.clear();
    Cancellable unused =
        processorContext.schedule(
            TICK,
            PunctuationType.WALL_CLOCK_TIME,
            now -> {
              rows.tick();
              ask(now);
            });
    rules
        .fingerprints()
        .forEach(
            (cache, fingerprint) -> {
              String text = store.get(cache);
              CacheLife life = text == null ? CacheLife.UNKNOWN : CacheLife.parse(text);
              lives.put(cache, life.rules().equals(fingerprint) ? life : life.due(RULES_CHANGED));
            });
    if (missed.getAsBoolean()) {
      lives.replaceAll((cache, life) -> life.due(LOG_GAP));
      rowsMissed = true;
    }
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    ChangeRecord change;
    List<Runnable> effects = new ArrayList<>();
    long offset = offset();
    rows.at(offset);
    if (rowsMissed) {
      rows.forget(Optional.empty(), offset - 1);
      rowsMissed = false;
    }
    try {
      change = deserializer.deserialize(changesTopic, record.value());
      if (change == null) {
        throw new IllegalArgumentException("the value is null");
      }
      if (change instanceof ChangeEvent event) {
        derive(event, record, offset, effects);
      } else if (change instanceof SnapshotRow read) {
        rows.read(read, keyText(record), offset);
      } else if (change instanceof SnapshotEnd end) {
        rows.end(end, offset);
      }
    } catch (RuntimeException e) {
      // Whatever it is, it must neither block nor disappear.
      quarantine(record, e);
      ask(record.timestamp());
      return;
    }
    if (change instanceof ChangeEvent event) {
      position(event.position(), record.timestamp());
      effects.forEach(Runnable::run);
    } else if (change instanceof ChangeMark mark) {
      if (mark.mark() instanceof EpochRaised raised) {
        rows.epoch(offset, raised.settled());
      }
      pass(mark.mark(), record.timestamp());
    }
    ask(record.timestamp());
  }

  /** The request may get lost in a crash; it is sent again until it is answered. */
  private void ask(long timestamp) {
    for (SnapshotRequest request : rows.requests()) {
      forward(
          new Record<>(request.table(), request, Math.max(0, timestamp)),
          InvalidationTopology.SNAPSHOTS);
    }
  }

  private void derive(
      ChangeEvent logged, Record<byte[], byte[]> record, long offset, List<Runnable> effects) {
    String row = keyText(record);
    ChangeEvent event = rows.complete(logged, row, offset);
    Derivation.Touched touched =
        derivation.derive(
            event,
            (table, column, value, after, limit) ->
                rows.find(table, column, value, offset, after, limit),
            () -> rows.keep(event, row, offset));
    Instant now = clock.instant();
    for (Map.Entry<Derivation.Key, Rule.Target> each : touched.keys().entrySet()) {
      Invalidation invalidation =
          new Invalidation(
              each.getKey().cache(),
              each.getKey().key(),
              event.position(),
              event.committedAt(),
              event.capturedAt(),
              now,
              new Cause(event.table(), row, event.transaction(), each.getValue().path()));
      effects.add(
          () ->
              forward(
                  new Record<>(invalidation.key(), invalidation, now.toEpochMilli()),
                  InvalidationTopology.INVALIDATIONS));
    }
    touched
        .voided()
        .forEach(
            (cache, reason) ->
                effects.add(() -> voidFor(event, cache, reason, now.toEpochMilli())));
    if (!touched.failures().isEmpty()) {
      IllegalArgumentException failure =
          new IllegalArgumentException(String.join("; ", touched.failures()));
      effects.add(() -> deadLetter(record, failure));
    }
    listener.derived(Duration.between(event.capturedAt(), now));
  }

  private void pass(StreamMark mark, long timestamp) {
    if (mark instanceof Watermark watermark) {
      position(watermark.ceiling(), timestamp);
    } else if (mark instanceof EpochRaised raised) {
      // Numbers of transactions may come again.
      voidedFor.clear();
      position(raised.position(), timestamp);
    }
    forward(
        new Record<>("", new InvalidationMark(mark), timestamp),
        InvalidationTopology.INVALIDATIONS);
  }

  /**
   * Notes a position, and raises what is due: a cache whose rules changed while nobody derived, and
   * one that was voided because of a record whose position could not be read. Every position up to
   * then is at or below this one.
   */
  private void position(Position position, long timestamp) {
    lastPosition = Position.max(lastPosition, position);
    long offset = offset();
    for (Map.Entry<String, String> rule : rules.fingerprints().entrySet()) {
      String cache = rule.getKey();
      CacheLife life = life(cache);
      if (life.isDueAt(offset)) {
        raise(cache, position, life.reason(), timestamp);
        remember(cache, life(cache).settledAt(offset, rule.getValue()));
      }
    }
  }

  /**
   * Once for each transaction: all its changes were visible before the first of them was published,
   * and at or below its position. So whoever takes a lease in the life that began with the first
   * one reads all of them, on a standby, too.
   */
  private void voidFor(ChangeEvent event, String cache, String reason, long timestamp) {
    Long last = voidedFor.put(cache, event.transaction());
    if (event.transaction() == ChangeEvent.NO_TRANSACTION
        || !Objects.equals(last, event.transaction())) {
      raise(cache, event.position(), reason, timestamp);
    }
  }

  private void raise(String cache, Position position, String reason, long timestamp) {
    CacheLife life = life(cache);
    long generation = Math.max(life.generation() + 1, clock.millis());
    remember(cache, life.raisedTo(generation));
    GenerationRaised raised =
        new GenerationRaised(cache, generation, position, reason, clock.instant());
    forward(new Record<>(cache, raised, timestamp), InvalidationTopology.EPOCHS);
    forward(
        new Record<>("", new InvalidationMark(raised), timestamp),
        InvalidationTopology.INVALIDATIONS);
    listener.generationRaised(cache, reason);
  }

  private CacheLife life(String cache) {
    return lives.getOrDefault(cache, CacheLife.UNKNOWN);
  }

  private void remember(String cache, CacheLife life) {
    lives.put(cache, life);
    initialised(remembered).put(cache, life.text());
  }

  private long offset() {
    return process()
        .recordMetadata()
        .map(RecordMetadata::offset)
        .orElse(CacheLife.UNKNOWN.dueUpTo());
  }

  private void quarantine(Record<byte[], byte[]> record, RuntimeException failure) {
    deadLetter(record, failure);
    rows.forget(table(record), offset());
    for (String cache : concerned(record)) {
      raise(cache, lastPosition, POISON, Math.max(0, record.timestamp()));
      remember(cache, life(cache).due(POISON));
    }
  }

  private void deadLetter(Record<byte[], byte[]> record, RuntimeException failure) {
    Headers headers = new RecordHeaders(record.headers().toArray());
    headers
        .add("__streams.errors.topic", bytes(changesTopic))
        .add("__streams.errors.exception", bytes(failure.getClass().getName()))
        .add("__streams.errors.message", bytes(String.valueOf(failure.getMessage())))
        .add("hearth.stage", bytes("derivation"));
    process()
        .recordMetadata()
        .ifPresent(
            at ->
                headers
                    .add("__streams.errors.partition", bytes(Integer.toString(at.partition())))
                    .add("__streams.errors.offset", bytes(Long.toString(at.offset()))));
    forward(
        new Record<>(record.key(), record.value(), Math.max(0, record.timestamp()), headers),
        InvalidationTopology.DEAD_LETTERS);
    listener.deadLetter();
  }

  /** The record's key begins with its table, where it can be read; otherwise it is any. */
  private Set<String> concerned(Record<byte[], byte[]> record) {
    return rules.cachesOf(tableText(record));
  }

  private Optional<String> table(Record<byte[], byte[]> record) {
    String table = tableText(record);
    return rules.needed(table).columns().isEmpty() ? Optional.empty() : Optional.of(table);
  }

  private static String tableText(Record<byte[], byte[]> record) {
    String key = keyText(record);
    int colon = key.indexOf(':');
    return colon < 0 ? key : key.substring(0, colon);
  }

  private static String keyText(Record<byte[], byte[]> record) {
    return record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void forward(Record<?, ?> record, String child) {
    process()
        .forward(record.withKey((Object) record.key()).withValue((Object) record.value()), child);
  }

  private ProcessorContext<Object, Object> process() {
    return initialised(context);
  }

  private static <T> T initialised(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the processor was not initialised");
    }
    return part;
  }
}
