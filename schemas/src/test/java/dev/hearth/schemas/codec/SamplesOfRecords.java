package dev.hearth.schemas.codec;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.warmup.Pause;
import dev.hearth.schemas.warmup.TriggerClaim;
import dev.hearth.schemas.warmup.WarmupCommand;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Random records of every kind that travels. */
final class SamplesOfRecords {
  private static final String ALPHABET = "az09:/{}. \u0000\u00e9\u4e2d\ud83d\udd25'\"\\";

  private final Random random;

  SamplesOfRecords(Random random) {
    this.random = random;
  }

  /** One of each. */
  List<Object> oneOfEach() {
    return List.of(
        new ChangeEvent(
            text(),
            Operation.values()[random.nextInt(Operation.values().length)],
            image(),
            image(),
            random.nextLong(),
            random.nextLong(),
            position(),
            instant(),
            instant()),
        new SnapshotRow(text(), text(), image()),
        new SnapshotEnd(text(), text(), List.of(text(), text())),
        new SnapshotRequest(text(), text(), List.of(text()), instant()),
        new Pause(Optional.of(text()), text(), instant()),
        new WarmupCommand(
            text(), Optional.of(text()), Optional.empty(), random.nextInt(), text(), instant()),
        new TriggerClaim(text(), text(), instant(), random.nextBoolean()),
        new Watermark(position(), random.nextLong(), instant()),
        new EpochRaised(
            text(),
            position(),
            new SourceIdentity(
                text(), random.nextInt(), text(), random.nextLong(), text(), instant()),
            random.nextBoolean(),
            text(),
            instant()),
        new GenerationRaised(text(), random.nextLong(), position(), text(), instant()),
        new Invalidation(
            text(),
            text(),
            position(),
            instant(),
            instant(),
            instant(),
            new Cause(text(), text(), random.nextLong(), text())),
        new Applied(
            text(),
            random.nextInt(),
            position(),
            random.nextLong(),
            random.nextLong(),
            random.nextInt(),
            instant(),
            micros()),
        new AccessReport(
            text(),
            instant(),
            instant(),
            IntStream.range(0, random.nextInt(4))
                .mapToObj(
                    i ->
                        new AccessReport.KeyCount(
                            text(),
                            text(),
                            random.nextLong(),
                            random.nextLong(),
                            anyMicros(),
                            random.nextLong(),
                            random.nextLong()))
                .toList(),
            random.nextLong()),
        new HotKeys(
            text(),
            instant(),
            Duration.ofMillis(random.nextInt(1_000_000)),
            IntStream.range(0, random.nextInt(4))
                .mapToObj(
                    i ->
                        new HotKeys.HotKey(
                            text(),
                            random.nextDouble(),
                            random.nextDouble(),
                            random.nextDouble(),
                            random.nextDouble(),
                            random.nextDouble()))
                .toList()),
        run(),
        new AuditVerdict(
            text(),
            text(),
            random.nextLong(),
            random.nextLong(),
            position(),
            instant(),
            random.nextBoolean() ? Optional.empty() : Optional.of(text()),
            AuditVerdict.Mode.values()[random.nextInt(AuditVerdict.Mode.values().length)]));
  }

  private WarmupRun run() {
    return new WarmupRun(
        text(),
        new WarmupRequest(
            text(),
            1 + random.nextInt(1_000_000),
            WarmupRequest.Order.values()[random.nextInt(2)],
            new WarmupRequest.Budget(
                maybe(() -> 1 + random.nextInt(1_000_000)),
                maybe(() -> 1 + (random.nextLong() >>> 1)),
                maybe(() -> Duration.ofMillis(1 + (random.nextLong() >>> 24))),
                maybe(() -> 1 - random.nextDouble())),
            maybe(() -> 1 - random.nextDouble()),
            text()),
        WarmupRun.State.values()[random.nextInt(WarmupRun.State.values().length)],
        new WarmupRun.Progress(
            random.nextInt(),
            random.nextInt(),
            random.nextInt(),
            random.nextInt(),
            random.nextInt(),
            random.nextInt(),
            random.nextInt()),
        new WarmupRun.Cost(random.nextLong(), micros()),
        random.nextBoolean() ? Map.of() : Map.of("churning", random.nextInt(), text(), 1),
        random.nextInt(),
        maybe(this::text),
        instant(),
        maybe(this::instant),
        maybe(this::instant),
        maybe(this::text),
        maybe(this::text));
  }

  private <T> Optional<T> maybe(Supplier<T> value) {
    return random.nextBoolean() ? Optional.empty() : Optional.of(value.get());
  }

  private Position position() {
    return new Position(random.nextLong() & Long.MAX_VALUE, random.nextLong());
  }

  /** What the wire keeps: microseconds. */
  private Instant instant() {
    return Instant.EPOCH.plus(random.nextLong() >> 8, ChronoUnit.MICROS);
  }

  private Duration micros() {
    return Duration.of(random.nextLong() >>> 16, ChronoUnit.MICROS);
  }

  /** What a client may write, however absurd. */
  private Duration anyMicros() {
    return Duration.of(random.nextLong(), ChronoUnit.MICROS);
  }

  private RowImage image() {
    Map<String, @Nullable String> columns = new LinkedHashMap<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      columns.put(text(), random.nextBoolean() ? text() : null);
    }
    return new RowImage(columns);
  }

  private String text() {
    int[] codePoints = ALPHABET.codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.appendCodePoint(codePoints[random.nextInt(codePoints.length)]);
    }
    return text.toString();
  }
}
