package dev.hearth.warmer.audit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What audits of one cache in one store have found so far, by kind. Thread-safe. */
public final class AuditCounts {
  private static final int MOST_STALE_SHOWN = 20;

  private final Map<String, String> shown = new LinkedHashMap<>();
  private long coherent;
  private long stale;
  private long unsettled;
  private long incomparable;
  private int suspected;

  /** Of one moment; an entry that two passes looked at counts twice. */
  public record Snapshot(
      long coherent,
      long stale,
      long unsettled,
      long incomparable,
      int suspected,
      List<StaleEntry> staleEntries) {
    public Snapshot {
      staleEntries = List.copyOf(staleEntries);
    }

    /** Entries that were compared. */
    public long checked() {
      return coherent + stale + unsettled;
    }
  }

  /**
   * An entry that was found stale; the first {@value #MOST_STALE_SHOWN} are kept.
   *
   * @param evidence positions, never values
   */
  public record StaleEntry(String key, String evidence) {}

  /** What became of one entry. */
  enum Kind {
    /** It says what the row says, or gave way to one that does, or to none. */
    COHERENT,
    STALE,
    /** It was replaced for as long as it was watched, and never seen to be the row. */
    UNSETTLED,
    /** It is no JSON, or the load query does not answer for its key. */
    INCOMPARABLE
  }

  synchronized void add(Kind kind) {
    switch (kind) {
      case COHERENT -> coherent++;
      case STALE -> stale++;
      case UNSETTLED -> unsettled++;
      case INCOMPARABLE -> incomparable++;
    }
  }

  synchronized void show(String key, String evidence) {
    if (shown.size() < MOST_STALE_SHOWN) {
      shown.putIfAbsent(key, evidence);
    }
  }

  /** How many entries differ, and are watched. */
  synchronized void suspected(int number) {
    suspected = number;
  }

  /** What has been found so far. */
  public synchronized Snapshot snapshot() {
    List<StaleEntry> entries = new ArrayList<>();
    shown.forEach((key, evidence) -> entries.add(new StaleEntry(key, evidence)));
    return new Snapshot(coherent, stale, unsettled, incomparable, suspected, entries);
  }
}
