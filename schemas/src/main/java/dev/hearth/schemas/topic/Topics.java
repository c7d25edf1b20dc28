package dev.hearth.schemas.topic;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.warmup.Pause;
import dev.hearth.schemas.warmup.TriggerClaim;
import dev.hearth.schemas.warmup.WarmupCommand;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** All topics of one installation; an installation is named by its prefix. */
public final class Topics {
  private static final Optional<Duration> ONE_DAY = Optional.of(Duration.ofDays(1));
  private static final Optional<Duration> ONE_WEEK = Optional.of(Duration.ofDays(7));
  private static final Optional<Duration> ONE_MONTH = Optional.of(Duration.ofDays(30));
  private static final Optional<Duration> COMPACTED = Optional.empty();

  /** Partitions of the invalidations: over how many consumers the deliveries to a store scale. */
  private static final int INVALIDATION_PARTITIONS = 4;

  private final String prefix;

  public Topics(String prefix) {
    this.prefix = prefix;
  }

  /** What the database did. One partition per slot: the log is one ordered sequence. */
  public Topic<String, ChangeRecord> changes() {
    return new Topic<>(
        prefix + ".changes",
        Serdes.String(),
        new WireSerde<>(
            record -> record instanceof ChangeMark mark ? mark.mark() : record,
            decoded -> {
              if (decoded instanceof ChangeRecord change) {
                return change;
              }
              return new ChangeMark(mark(decoded));
            }),
        1,
        ONE_WEEK);
  }

  /** Rows that the ingest is asked for, by table; without a value once they are published. */
  public Topic<String, SnapshotRequest> snapshots() {
    return topic("snapshots", SnapshotRequest.class, 1, COMPACTED);
  }

  /** What must no longer be believed; partitioned by {@link dev.hearth.schemas.key.KeySlot}. */
  public Topic<String, InvalidationRecord> invalidations() {
    return new Topic<>(
        prefix + ".invalidations",
        Serdes.String(),
        new WireSerde<>(
            record -> record instanceof InvalidationMark mark ? mark.mark() : record,
            decoded -> {
              if (decoded instanceof Invalidation invalidation) {
                return invalidation;
              }
              return new InvalidationMark(mark(decoded));
            }),
        INVALIDATION_PARTITIONS,
        ONE_WEEK);
  }

  /** The latest epoch of each source and the latest generation of each cache. */
  public Topic<String, StreamMark> epochs() {
    return new Topic<>(
        prefix + ".epochs",
        Serdes.String(),
        new WireSerde<>(mark -> mark, Topics::mark),
        1,
        COMPACTED);
  }

  /** What deliveries applied. */
  public Topic<String, Applied> applied() {
    return topic("applied", Applied.class, 1, ONE_DAY);
  }

  /** How often clients read which keys. */
  public Topic<String, AccessReport> accesses() {
    return topic("accesses", AccessReport.class, 4, ONE_DAY);
  }

  /** The most read keys of each cache. */
  public Topic<String, HotKeys> hotKeys() {
    return topic("hot-keys", HotKeys.class, 1, COMPACTED);
  }

  /** Warm-up runs and their progress. */
  public Topic<String, WarmupRun> warmups() {
    return topic("warmups", WarmupRun.class, 1, COMPACTED);
  }

  /** Caches whose warm-up runs are held, by cache; without a value once they are not. */
  public Topic<String, Pause> pauses() {
    return topic("pauses", Pause.class, 1, COMPACTED);
  }

  /** Who asks for warm-up runs, by the command's id. */
  public Topic<String, WarmupCommand> warmupRequests() {
    return topic("warmup-requests", WarmupCommand.class, 1, ONE_DAY);
  }

  /** Which instance took which trigger upon itself, by trigger. */
  public Topic<String, TriggerClaim> triggerClaims() {
    return topic("trigger-claims", TriggerClaim.class, 1, ONE_DAY);
  }

  /** What audits found. */
  public Topic<String, AuditVerdict> audits() {
    return topic("audits", AuditVerdict.class, 1, ONE_MONTH);
  }

  /** Records that could not be read or handled, as they came, with the reason in their headers. */
  public Topic<byte[], byte[]> deadLetters() {
    return new Topic<>(
        prefix + ".dead-letters", Serdes.ByteArray(), Serdes.ByteArray(), 1, ONE_MONTH);
  }

  public List<Topic<?, ?>> all() {
    return List.of(
        changes(),
        snapshots(),
        invalidations(),
        epochs(),
        applied(),
        accesses(),
        hotKeys(),
        warmups(),
        pauses(),
        warmupRequests(),
        triggerClaims(),
        audits(),
        deadLetters());
  }

  public String prefix() {
    return prefix;
  }

  private <V> Topic<String, V> topic(
      String name, Class<V> type, int partitions, Optional<Duration> retention) {
    Serde<V> serde = WireSerde.of(type);
    return new Topic<>(prefix + "." + name, Serdes.String(), serde, partitions, retention);
  }

  private static StreamMark mark(Object decoded) {
    if (decoded instanceof StreamMark mark) {
      return mark;
    }
    throw WireSerde.notHere(decoded);
  }
}
