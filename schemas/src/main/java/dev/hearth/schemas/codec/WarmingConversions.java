package dev.hearth.schemas.codec;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.warmup.Pause;
import dev.hearth.schemas.warmup.TriggerClaim;
import dev.hearth.schemas.warmup.WarmupCommand;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.wire.HotKey;
import dev.hearth.schemas.wire.KeyCount;
import dev.hearth.schemas.wire.WarmupOrder;
import dev.hearth.schemas.wire.WarmupState;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The records of the street access → heat → warm-up, and of the audit, to their wire form and back.
 */
final class WarmingConversions {
  private WarmingConversions() {}

  static dev.hearth.schemas.wire.AccessReport toWire(AccessReport r) {
    List<KeyCount> counts =
        r.counts().stream()
            .map(
                c ->
                    new KeyCount(
                        c.cache(),
                        c.key(),
                        c.reads(),
                        c.misses(),
                        micros(c.loadTime()),
                        c.loads(),
                        c.bytes()))
            .toList();
    return new dev.hearth.schemas.wire.AccessReport(
        r.client(), r.from(), r.to(), counts, r.dropped());
  }

  /**
   * Never throws, whatever a client wrote: reports are written once more on their way. Sums that
   * overflow come back, since every number of microseconds that came over the wire is one.
   */
  private static long micros(Duration time) {
    return time.getSeconds() * 1_000_000 + time.getNano() / 1_000;
  }

  static AccessReport fromWire(dev.hearth.schemas.wire.AccessReport r) {
    return new AccessReport(
        r.getClient(),
        r.getFrom(),
        r.getTo(),
        r.getCounts().stream()
            .map(
                c ->
                    new AccessReport.KeyCount(
                        c.getCache(),
                        c.getKey(),
                        c.getReads(),
                        c.getMisses(),
                        Duration.of(c.getLoadMicros(), ChronoUnit.MICROS),
                        c.getLoads(),
                        c.getBytes()))
            .toList(),
        r.getDropped());
  }

  static dev.hearth.schemas.wire.HotKeys toWire(HotKeys h) {
    List<HotKey> keys =
        h.keys().stream()
            .map(
                k ->
                    new HotKey(
                        k.key(),
                        k.readsPerSecond(),
                        k.errorPerSecond(),
                        k.loadMicros(),
                        k.bytes(),
                        k.writesPerSecond()))
            .toList();
    return new dev.hearth.schemas.wire.HotKeys(
        h.cache(), h.asOf(), h.halfLife().toMillis() / 1000.0, keys);
  }

  static HotKeys fromWire(dev.hearth.schemas.wire.HotKeys h) {
    return new HotKeys(
        h.getCache(),
        h.getAsOf(),
        Duration.ofMillis(Math.round(h.getHalfLifeSeconds() * 1000)),
        h.getKeys().stream()
            .map(
                k ->
                    new HotKeys.HotKey(
                        k.getKey(),
                        k.getReadsPerSecond(),
                        k.getErrorPerSecond(),
                        k.getLoadMicros(),
                        k.getBytes(),
                        k.getWritesPerSecond()))
            .toList());
  }

  static dev.hearth.schemas.wire.WarmupRun toWire(WarmupRun r) {
    WarmupRun.Progress p = r.progress();
    WarmupRequest asked = r.request();
    WarmupRequest.Budget budget = asked.budget();
    return new dev.hearth.schemas.wire.WarmupRun(
        r.id(),
        r.cache(),
        r.top(),
        asked.trigger(),
        WarmupState.valueOf(r.state().name()),
        p.planned(),
        p.stored(),
        p.alreadyWarm(),
        p.leaseLost(),
        p.busy(),
        p.absent(),
        p.failed(),
        r.requestedAt(),
        r.finishedAt().orElse(null),
        r.problem().orElse(null),
        WarmupOrder.valueOf(asked.by().name()),
        budget.keys().orElse(null),
        budget.bytes().orElse(null),
        budget.time().map(Duration::toMillis).orElse(null),
        budget.databaseShare().orElse(null),
        asked.until().orElse(null),
        r.term(),
        r.owner().orElse(null),
        r.startedAt().orElse(null),
        r.cost().bytes(),
        r.cost().databaseTime().toNanos() / 1000,
        r.leftOut(),
        r.waitingFor().orElse(null));
  }

  static WarmupRun fromWire(dev.hearth.schemas.wire.WarmupRun r) {
    return new WarmupRun(
        r.getId(),
        new WarmupRequest(
            r.getCache(),
            r.getTop(),
            WarmupRequest.Order.valueOf(r.getBy().name()),
            new WarmupRequest.Budget(
                Optional.ofNullable(r.getMostKeys()),
                Optional.ofNullable(r.getMostBytes()),
                Optional.ofNullable(r.getMostMillis()).map(Duration::ofMillis),
                Optional.ofNullable(r.getDatabaseShare())),
            Optional.ofNullable(r.getUntilHitRatio()),
            r.getTrigger()),
        WarmupRun.State.valueOf(r.getState().name()),
        new WarmupRun.Progress(
            r.getPlanned(),
            r.getStored(),
            r.getAlreadyWarm(),
            r.getLeaseLost(),
            r.getBusy(),
            r.getAbsent(),
            r.getFailed()),
        new WarmupRun.Cost(r.getBytes(), Duration.of(r.getDatabaseMicros(), ChronoUnit.MICROS)),
        r.getLeftOut(),
        r.getTerm(),
        Optional.ofNullable(r.getOwner()),
        r.getRequestedAt(),
        Optional.ofNullable(r.getStartedAt()),
        Optional.ofNullable(r.getFinishedAt()),
        Optional.ofNullable(r.getProblem()),
        Optional.ofNullable(r.getWaitingFor()));
  }

  static dev.hearth.schemas.wire.AuditVerdict toWire(AuditVerdict v) {
    return new dev.hearth.schemas.wire.AuditVerdict(
        v.cache(),
        v.store(),
        v.checked(),
        v.stale(),
        StreamConversions.toWire(v.position()),
        v.auditedAt(),
        v.evidence().orElse(null),
        v.mode().name().toLowerCase(Locale.ROOT));
  }

  static AuditVerdict fromWire(dev.hearth.schemas.wire.AuditVerdict v) {
    return new AuditVerdict(
        v.getCache(),
        v.getStore(),
        v.getChecked(),
        v.getStale(),
        StreamConversions.fromWire(v.getPosition()),
        v.getAuditedAt(),
        Optional.ofNullable(v.getEvidence()),
        AuditVerdict.Mode.valueOf(v.getMode().toUpperCase(Locale.ROOT)));
  }

  static dev.hearth.schemas.wire.Pause toWire(Pause p) {
    return new dev.hearth.schemas.wire.Pause(p.cache().orElse(null), p.reason(), p.since());
  }

  static Pause fromWire(dev.hearth.schemas.wire.Pause p) {
    return new Pause(Optional.ofNullable(p.getCache()), p.getReason(), p.getSince());
  }

  static dev.hearth.schemas.wire.WarmupCommand toWire(WarmupCommand c) {
    return new dev.hearth.schemas.wire.WarmupCommand(
        c.id(),
        c.plan().orElse(null),
        c.cache().orElse(null),
        c.top(),
        c.requestedBy(),
        c.requestedAt());
  }

  static WarmupCommand fromWire(dev.hearth.schemas.wire.WarmupCommand c) {
    return new WarmupCommand(
        c.getId(),
        Optional.ofNullable(c.getPlan()),
        Optional.ofNullable(c.getCache()),
        c.getTop(),
        c.getRequestedBy(),
        c.getRequestedAt());
  }

  static dev.hearth.schemas.wire.TriggerClaim toWire(TriggerClaim c) {
    return new dev.hearth.schemas.wire.TriggerClaim(
        c.trigger(), c.claimant(), c.at(), c.released());
  }

  static TriggerClaim fromWire(dev.hearth.schemas.wire.TriggerClaim c) {
    return new TriggerClaim(c.getTrigger(), c.getClaimant(), c.getAt(), c.getReleased());
  }
}
