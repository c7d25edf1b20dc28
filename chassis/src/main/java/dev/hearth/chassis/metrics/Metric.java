package dev.hearth.chassis.metrics;

import java.util.List;

/**
 * The catalogue: every metric of Hearth, with the name that Prometheus shows. Labels are closed
 * sets: never a key, never a client.
 */
public enum Metric {
  LAG(
      "hearth_lag_seconds",
      Type.HISTOGRAM,
      "seconds",
      List.of("phase"),
      "Lag from the commit to each stage; phase is commit_to_capture, capture_to_derive, derive_to_apply or commit_to_apply."),
  VISIBILITY_WAIT(
      "hearth_visibility_wait_seconds",
      Type.SUMMARY,
      "seconds",
      List.of(),
      "How long changes waited at the visibility gate until every reader can see them."),
  GATE_HELD(
      "hearth_gate_held",
      Type.GAUGE,
      "changes",
      List.of(),
      "Changes held at the visibility gate now."),
  SNAPSHOTS(
      "hearth_snapshots_total",
      Type.COUNTER,
      "snapshots",
      List.of("outcome"),
      "Requests for the rows of a table; outcome is complete, replaced (by a later request), refused or failed."),
  SNAPSHOT_ROWS(
      "hearth_snapshot_rows_total",
      Type.COUNTER,
      "rows",
      List.of(),
      "Rows that snapshots published."),
  SNAPSHOT_RUNNING(
      "hearth_snapshot_running",
      Type.GAUGE,
      "snapshots",
      List.of(),
      "1 while a snapshot runs, else 0."),
  WATERMARK_AGE(
      "hearth_watermark_age_seconds",
      Type.GAUGE,
      "seconds",
      List.of("store"),
      "Age of the newest watermark that the store has applied, of the partition that is furthest behind; it bounds how stale the store can be."),
  INVALIDATIONS(
      "hearth_invalidations_total",
      Type.COUNTER,
      "invalidations",
      List.of("cache", "store", "outcome"),
      "Invalidations delivered; outcome is applied, deleted_again (second deletes of plain caches) or observed (of caches that nothing is deleted from)."),
  DELIVERY_REPLAYS(
      "hearth_delivery_replays_total",
      Type.COUNTER,
      "replays",
      List.of("store"),
      "How often the delivery to a store went back and applied a stretch again."),
  EPOCHS_RAISED(
      "hearth_epochs_raised_total",
      Type.COUNTER,
      "epochs",
      List.of(),
      "Epochs raised: each voids everything cached from the source. Two at the birth of a slot."),
  GENERATION_RAISED(
      "hearth_generation_raised_total",
      Type.COUNTER,
      "generations",
      List.of("cache", "reason"),
      "New generations of a whole cache, by reason."),
  ROWS_COMPLETE(
      "hearth_rows_complete",
      Type.GAUGE,
      "tables",
      List.of("table"),
      "1 where all rows that rules need of the table are stored; 0 while they are being read: until then changes whose old values are not known void whole caches."),
  ROW_ENTRIES(
      "hearth_row_entries",
      Type.GAUGE,
      "entries",
      List.of(),
      "Rows and entries of their indices in the invalidator's store, as its database estimates."),
  ROW_UNKNOWN(
      "hearth_row_unknown_total",
      Type.COUNTER,
      "lookups",
      List.of("table", "reason"),
      "Rows of which a value that rules need was not known; reason is not_stored, incomplete, row_missing, row_not_named, forgotten, not_in_log or contradiction."),
  FILLS(
      "hearth_fills_total",
      Type.COUNTER,
      "fills",
      List.of("cache", "store", "outcome"),
      "Fills of the store; outcome is stored or lease_lost."),
  FOREIGN_VALUES(
      "hearth_foreign_values_total",
      Type.COUNTER,
      "values",
      List.of("cache", "store"),
      "Values found under a key of ours that are none of ours; each was a miss."),
  CACHE_GETS(
      "cache_gets_total",
      Type.COUNTER,
      "reads",
      List.of("cache", "result"),
      "Reads of a cache as Micrometer names them; result is hit or miss."),
  LOADS(
      "hearth_loads_total",
      Type.COUNTER,
      "loads",
      List.of("cache", "from"),
      "Loads by where they read, standby or primary; a batch of a warm-up run is one load."),
  STANDBY_REFUSALS(
      "hearth_standby_refusals_total",
      Type.COUNTER,
      "refusals",
      List.of("cache", "reason"),
      "Standbys that a load passed over; reason is no_lease, unknown_epoch, resting, unreachable, not_in_recovery, foreign_history, no_receiver, behind or query_failed."),
  ACCESS_REPORTS(
      "hearth_access_reports_total",
      Type.COUNTER,
      "reports",
      List.of("outcome"),
      "Reports of key reads; outcome is counted, or what was wrong with some of it: unreadable, implausible, unknown_cache, long_key, foreign_key or old, which is left out, or future, which is counted as of now."),
  HEAT_WRITES(
      "hearth_heat_writes_total",
      Type.COUNTER,
      "writes",
      List.of("outcome"),
      "Invalidations that heat read to tell how often keys are written; outcome is counted, unknown_cache, long_key, foreign_key or unreadable. A transaction that touches a key many times counts once."),
  WARMUP_KEYS(
      "hearth_warmup_keys_total",
      Type.COUNTER,
      "keys",
      List.of("cache", "outcome"),
      "Keys that warm-up runs handled, by outcome."),
  WARMUP_CONCURRENCY(
      "hearth_warmup_concurrency",
      Type.GAUGE,
      "queries",
      List.of(),
      "Load queries that warm-up may run at once, as the database allows now."),
  AUDIT_CHECKS(
      "hearth_audit_checks_total",
      Type.COUNTER,
      "checks",
      List.of("cache", "verdict", "within"),
      "Entries compared with the database, by verdict and by how long it took until that was settled: 0s, 1s, 5s or more."),
  SOURCE_RETAINED_WAL(
      "hearth_source_retained_wal_bytes",
      Type.GAUGE,
      "bytes",
      List.of(),
      "Write-ahead log that the database keeps for the slot: it fills a disk when Hearth is away."),
  HOOK_DELIVERIES(
      "hearth_hook_deliveries_total",
      Type.COUNTER,
      "deliveries",
      List.of("outcome"),
      "Webhooks that came to POST /hooks/deploy; outcome is accepted, ignored (asks for nothing), off (no secret is set), too_long, bad_signature, malformed, untimely, unknown_plan, replayed or unavailable."),
  TRIGGERS(
      "hearth_triggers_total",
      Type.COUNTER,
      "triggers",
      List.of("trigger", "outcome"),
      "What asked for runs by itself or by topic; trigger is schedule, command or cold_store; outcome is started, elsewhere (another instance does it), refused (no run was made) or unreadable."),
  REFRESHES(
      "hearth_refreshes_total",
      Type.COUNTER,
      "keys",
      List.of("cache", "outcome"),
      "Keys of refreshed caches that a change took out; outcome is stored, already_warm, lease_lost, busy, absent or failed for those that were filled again, not_hot or churning for those left alone, and dropped for those that the queue had no room for."),
  DEAD_LETTERS(
      "hearth_dead_letters_total",
      Type.COUNTER,
      "records",
      List.of("stage"),
      "Records set aside because a stage could not use them."),
  LINEAGE_RECORDS(
      "hearth_lineage_records_total",
      Type.COUNTER,
      "records",
      List.of(),
      "Invalidations, marks and reports that were recorded for `hearth why`."),
  LINEAGE_BEHIND(
      "hearth_lineage_behind",
      Type.GAUGE,
      "records",
      List.of(),
      "Invalidations and marks that are on the topic and not yet recorded for `hearth why`."),
  LINEAGE_BYTES(
      "hearth_lineage_bytes",
      Type.GAUGE,
      "bytes",
      List.of(),
      "Disk that the records for `hearth why` take; lineage.diskMegabytes bounds it."),
  BUILD_INFO(
      "hearth_build_info",
      Type.INFO,
      "",
      List.of("version", "java"),
      "Always 1; the labels say what runs.");

  /** What kind of series a metric is. */
  public enum Type {
    /** Only grows; {@link Metrics#counter}. */
    COUNTER,
    /** A current value; {@link Metrics#gauge}. */
    GAUGE,
    /** Durations by bucket; {@link Metrics#lagTimer}. */
    HISTOGRAM,
    /** Durations: count, sum and maximum; {@link Metrics#timer}. */
    SUMMARY,
    /** A constant with labels. */
    INFO
  }

  private final String exposedName;
  private final Type type;
  private final String unit;

  // Unmodifiable: every constant passes List.of.
  @SuppressWarnings("ImmutableEnumChecker")
  private final List<String> labels;

  private final String meaning;

  Metric(String exposedName, Type type, String unit, List<String> labels, String meaning) {
    this.exposedName = exposedName;
    this.type = type;
    this.unit = unit;
    this.labels = labels;
    this.meaning = meaning;
  }

  /** The name that Prometheus shows. */
  public String exposedName() {
    return exposedName;
  }

  /** What kind of series it is. */
  public Type type() {
    return type;
  }

  /** Base unit, or what is counted; empty for an info. */
  public String unit() {
    return unit;
  }

  /** Label names, in the order in which {@link Metrics} takes their values. */
  public List<String> labels() {
    return labels;
  }

  /** One sentence for people. */
  public String meaning() {
    return meaning;
  }
}
