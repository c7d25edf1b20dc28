package dev.hearth.warmer.audit;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Value;
import dev.hearth.warmer.audit.AuditCounts.Kind;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Compares the entries of one cache in one store with the primary. It repairs nothing. Thread-safe;
 * an audit blocks its caller.
 *
 * <p><b>When an entry is stale.</b> Entry and row are read one after the other, and a change needs
 * a moment to arrive, so one difference proves nothing. An entry is called stale when <em>the same
 * entry</em>, value and stamp, has stood there for the whole of the settle bound and differs from
 * the row at its beginning and at its end. An entry that was replaced meanwhile begins its bound
 * anew, so a key that is written all the time is not called stale for it; each key is watched for
 * at most four bounds.
 */
public final class CacheAuditor {
  private static final int MOST_BOUNDS = 4;

  /** More are not watched at once: they are kept in memory, and asked for again and again. */
  private static final int MOST_SUSPECTS = 1_000;

  private final AuditSettings settings;
  private final Metrics metrics;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final Pause pause;

  /** Waits, or throws if the thread is to end. */
  @FunctionalInterface
  public interface Pause {
    void of(Duration time) throws InterruptedException;
  }

  /** An auditor on this machine's clocks. */
  public CacheAuditor(AuditSettings settings, Metrics metrics, Clock clock) {
    this(
        settings,
        metrics,
        clock,
        System::nanoTime,
        time -> TimeUnit.NANOSECONDS.sleep(time.toNanos()));
  }

  CacheAuditor(
      AuditSettings settings, Metrics metrics, Clock clock, LongSupplier nanoTime, Pause pause) {
    this.settings = settings;
    this.metrics = metrics;
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.pause = pause;
  }

  /** One entry, and the row read after it. */
  private record Pair(EntryReader.Entry entry, Value row) {
    Comparison comparison() {
      return Comparison.of(entry.value(), row);
    }

    boolean isOfSameEntry(Pair other) {
      return entry.value().equals(other.entry.value()) && entry.stamp().equals(other.entry.stamp());
    }
  }

  /** An entry under suspicion. */
  private record Suspect(Pair pair, long firstSeenNanos, long sameSinceNanos) {}

  /**
   * Audits entries.
   *
   * @param mode how the cache is kept
   * @param keys of the cache, such as the store lists them; read as the audit proceeds, not closed
   * @param counts where to tell what was found, as the audit proceeds
   * @throws IllegalStateException if the store does not answer
   * @throws RuntimeException as the rows' reader throws it
   */
  public AuditVerdict audit(
      String cache,
      String store,
      AuditVerdict.Mode mode,
      Stream<String> keys,
      EntryReader entries,
      RowReader rows,
      AuditCounts counts)
      throws InterruptedException {
    Findings findings = new Findings(cache, counts);
    Map<String, Suspect> suspects = new LinkedHashMap<>();
    Iterator<String> remaining = keys.iterator();
    while (remaining.hasNext()) {
      List<String> batch = new ArrayList<>();
      while (remaining.hasNext() && batch.size() < settings.batchKeys()) {
        batch.add(remaining.next());
      }
      compare(cache, batch, entries, rows, key -> findings.unanswered())
          .forEach(
              (key, pair) -> {
                findings.position(pair.entry().applied());
                if (pair.comparison() == Comparison.DIFFERENT) {
                  long now = nanoTime.getAsLong();
                  suspects.put(key, new Suspect(pair, now, now));
                } else {
                  findings.settled(pair.comparison(), Duration.ZERO);
                }
              });
      counts.suspected(suspects.size());
      settle(cache, suspects, MOST_SUSPECTS, entries, rows, findings);
    }
    settle(cache, suspects, 1, entries, rows, findings);
    return findings.verdict(store, mode);
  }

  /** Watches suspects until there are fewer than so many. */
  private void settle(
      String cache,
      Map<String, Suspect> suspects,
      int fewerThan,
      EntryReader entries,
      RowReader rows,
      Findings findings)
      throws InterruptedException {
    while (suspects.size() >= fewerThan) {
      pause.of(settings.retryEvery());
      askAgain(cache, suspects, entries, rows, findings);
      findings.counts.suspected(suspects.size());
    }
  }

  private void askAgain(
      String cache,
      Map<String, Suspect> suspects,
      EntryReader entries,
      RowReader rows,
      Findings findings)
      throws InterruptedException {
    List<String> all = List.copyOf(suspects.keySet());
    for (int from = 0; from < all.size(); from += settings.batchKeys()) {
      List<String> batch = all.subList(from, Math.min(all.size(), from + settings.batchKeys()));
      Map<String, Pair> pairs = compare(cache, batch, entries, rows, key -> {});
      for (String key : batch) {
        Suspect suspect = suspects.remove(key);
        if (suspect != null) {
          judge(key, suspect, pairs.get(key), findings).ifPresent(next -> suspects.put(key, next));
        }
      }
    }
  }

  /** The suspect as it goes on; empty once it is settled. */
  private Optional<Suspect> judge(
      String key, Suspect suspect, @Nullable Pair now, Findings findings) {
    long nanos = nanoTime.getAsLong();
    Duration watched = Duration.ofNanos(nanos - suspect.firstSeenNanos());
    if (now == null) {
      findings.gone(watched);
      return Optional.empty();
    }
    findings.position(now.entry().applied());
    if (now.comparison() != Comparison.DIFFERENT) {
      findings.settled(now.comparison(), watched);
      return Optional.empty();
    }
    if (!now.isOfSameEntry(suspect.pair())) {
      if (watched.compareTo(settings.settle().multipliedBy(MOST_BOUNDS)) >= 0) {
        findings.unsettled(watched);
        return Optional.empty();
      }
      return Optional.of(new Suspect(now, suspect.firstSeenNanos(), nanos));
    }
    Duration same = Duration.ofNanos(nanos - suspect.sameSinceNanos());
    if (same.compareTo(settings.settle()) >= 0) {
      findings.stale(key, now.entry(), same);
      return Optional.empty();
    }
    return Optional.of(new Suspect(now, suspect.firstSeenNanos(), suspect.sameSinceNanos()));
  }

  /** Reads entries, then rows: what is in the row is at least as new as what was in the entry. */
  private Map<String, Pair> compare(
      String cache,
      List<String> keys,
      EntryReader entries,
      RowReader rows,
      Consumer<String> unanswered)
      throws InterruptedException {
    Map<String, EntryReader.Entry> present = new LinkedHashMap<>();
    List<CompletableFuture<Optional<EntryReader.Entry>>> asked =
        keys.stream()
            .map(key -> entries.read(new CacheKey(cache, key)).toCompletableFuture())
            .toList();
    for (int i = 0; i < asked.size(); i++) {
      String key = keys.get(i);
      await(cache, asked.get(i)).ifPresent(entry -> present.put(key, entry));
    }
    if (present.isEmpty()) {
      return Map.of();
    }
    RowReader.Rows read = rows.read(List.copyOf(present.keySet()));
    Map<String, Pair> pairs = new LinkedHashMap<>();
    present.forEach(
        (key, entry) -> {
          byte[] row = read.found().get(key);
          if (row != null) {
            pairs.put(key, new Pair(entry, Value.of(row)));
          } else if (read.absent().contains(key)) {
            pairs.put(key, new Pair(entry, Value.absent()));
          } else {
            unanswered.accept(key);
          }
        });
    return pairs;
  }

  private <T> T await(String cache, CompletableFuture<T> answer) throws InterruptedException {
    try {
      return answer.get(settings.storeTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the audit of cache \""
              + cache
              + "\" ended: the store does not answer ("
              + (e instanceof TimeoutException
                  ? "nothing within " + settings.storeTimeout().toMillis() + " ms"
                  : String.valueOf(e.getCause()))
              + ")",
          e);
    }
  }

  /** What has been found so far; for one thread. */
  private final class Findings {
    private final String cache;
    private final AuditCounts counts;
    private long checked;
    private long stale;
    private Optional<Position> lowest = Optional.empty();
    private Optional<String> evidence = Optional.empty();

    private Findings(String cache, AuditCounts counts) {
      this.cache = cache;
      this.counts = counts;
    }

    /** A verdict vouches for the lowest position only. */
    private void position(Position applied) {
      lowest = Optional.of(lowest.filter(known -> applied.atLeast(known)).orElse(applied));
    }

    private void settled(Comparison comparison, Duration after) {
      if (comparison == Comparison.SAME) {
        checked++;
        count(Kind.COHERENT, after);
      } else {
        count(Kind.INCOMPARABLE, after);
      }
    }

    /** The query says neither what the row is nor that there is none. */
    private void unanswered() {
      count(Kind.INCOMPARABLE, Duration.ZERO);
    }

    private void gone(Duration after) {
      checked++;
      count(Kind.COHERENT, after);
    }

    private void unsettled(Duration after) {
      checked++;
      count(Kind.UNSETTLED, after);
    }

    private void stale(String key, EntryReader.Entry entry, Duration after) {
      checked++;
      stale++;
      count(Kind.STALE, after);
      String found =
          (entry.value().isAbsent() ? "negative entry" : "entry")
              + " with stamp "
              + entry.stamp()
              + " differs from the primary since "
              + after.toMillis()
              + " ms, applied "
              + entry.applied();
      counts.show(key, found);
      if (evidence.isEmpty()) {
        evidence = Optional.of(key + ": " + found);
      }
    }

    private void count(Kind kind, Duration after) {
      counts.add(kind);
      String verdict = kind.name().toLowerCase(Locale.ROOT);
      metrics.counter(Metric.AUDIT_CHECKS, cache, verdict, within(after)).increment();
    }

    private String within(Duration after) {
      if (after.isZero()) {
        return "0s";
      }
      return after.compareTo(Duration.ofSeconds(1)) <= 0
          ? "1s"
          : after.compareTo(Duration.ofSeconds(5)) <= 0 ? "5s" : "more";
    }

    private AuditVerdict verdict(String store, AuditVerdict.Mode mode) {
      return new AuditVerdict(
          cache,
          store,
          checked,
          stale,
          lowest.orElse(Position.NONE),
          clock.instant(),
          evidence,
          mode);
    }
  }
}
