package dev.hearth.warmer.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CacheAuditorTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

  private final Metrics metrics = new Metrics("test");
  private final Map<String, EntryReader.Entry> entries = new HashMap<>();
  private final Map<String, String> rows = new HashMap<>();
  private final AuditCounts counts = new AuditCounts();
  private long nanos = 5;
  private Runnable meanwhile = () -> {};
  private final CacheAuditor auditor =
      new CacheAuditor(
          new AuditSettings(
              2, Duration.ofSeconds(5), Duration.ofMillis(500), Duration.ofSeconds(1)),
          metrics,
          Clock.fixed(NOW, ZoneOffset.UTC),
          () -> nanos,
          time -> {
            nanos += time.toNanos();
            meanwhile.run();
          });

  @AfterEach
  void close() {
    metrics.close();
  }

  @Test
  void findsNothingStaleWhereEntriesSayWhatTheirRowsSay() throws InterruptedException {
    entry("product:1", "{\"id\": 1}", 10);
    entry("product:2", "{\"id\": 2}", 12);
    entry("product:3", "{\"id\": 3}", 11);
    rows.putAll(
        Map.of("product:1", "{\"id\":1}", "product:2", "{\"id\":2}", "product:3", "{\"id\":3}"));

    AuditVerdict verdict = audit("product:1", "product:2", "product:3");

    assertThat(verdict)
        .isEqualTo(
            new AuditVerdict(
                "product",
                "redis",
                3,
                0,
                new Position(1, 110),
                NOW,
                Optional.empty(),
                AuditVerdict.Mode.FENCED));
    assertThat(checks("coherent", "0s")).isEqualTo(3);
  }

  @Test
  void callsAnEntryStaleThatStandsAndDiffersForTheWholeBoundAndNeverShowsValues()
      throws InterruptedException {
    entry("product:1", "{\"secret\":1}", 10);
    rows.put("product:1", "{\"secret\":2}");

    AuditVerdict verdict = audit("product:1");

    assertThat(verdict.checked()).isEqualTo(1);
    assertThat(verdict.stale()).isEqualTo(1);
    assertThat(verdict.evidence())
        .contains(
            "product:1: entry with stamp 1:0/A differs from the primary since 5000 ms, applied"
                + " 1:0/6E");
    assertThat(verdict.evidence().orElseThrow()).doesNotContain("secret");
    assertThat(checks("stale", "5s")).isEqualTo(1);
  }

  @Test
  void waitsForAChangeThatIsOnItsWay() throws InterruptedException {
    entry("product:1", "{\"v\":1}", 10);
    rows.put("product:1", "{\"v\":2}");
    meanwhile =
        () -> {
          if (nanos > Duration.ofSeconds(3).toNanos()) {
            entries.remove("product:1");
          }
        };

    AuditVerdict verdict = audit("product:1");

    assertThat(verdict.stale()).isZero();
    assertThat(checks("coherent", "5s")).isEqualTo(1);
  }

  @Test
  void doesNotCallAKeyStaleThatIsWrittenAllTheTime() throws InterruptedException {
    entry("product:1", "{\"v\":1}", 10);
    rows.put("product:1", "{\"v\":2}");
    meanwhile =
        () -> {
          // Each time that we look, the entry is the row of a moment ago.
          entry("product:1", rows.get("product:1"), nanos);
          rows.put("product:1", "{\"v\":" + nanos + "}");
        };

    AuditVerdict verdict = audit("product:1");

    assertThat(verdict.checked()).isEqualTo(1);
    assertThat(verdict.stale()).isZero();
    assertThat(checks("unsettled", "more")).isEqualTo(1);
  }

  @Test
  void findsAnEntryOfARowThatIsGoneAndANegativeEntryOfARowThatIsThere()
      throws InterruptedException {
    entry("product:1", "{\"v\":1}", 10);
    entries.put(
        "product:2", new EntryReader.Entry(Value.absent(), new Position(1, 1), new Position(1, 2)));
    rows.put("product:2", "{\"v\":2}");

    AuditVerdict verdict = audit("product:1", "product:2");

    assertThat(verdict.stale()).isEqualTo(2);
  }

  @Test
  void leavesOutWhatIsNotThereAndWhatCannotBeCompared() throws InterruptedException {
    entry("product:1", "<xml/>", 10);
    entry("product:007", "{\"v\":1}", 10);
    rows.put("product:1", "{\"v\":1}");
    unloadable.add("product:007");

    AuditVerdict verdict = audit("product:1", "product:007", "product:gone");

    assertThat(verdict.checked()).isZero();
    assertThat(verdict.stale()).isZero();
    assertThat(checks("incomparable", "0s")).isEqualTo(2);
    assertThat(counts.snapshot().incomparable()).isEqualTo(2);
    assertThat(counts.snapshot().checked()).isZero();
  }

  @Test
  void saysThatAStoreDoesNotAnswer() {
    assertThatThrownBy(
            () ->
                auditor.audit(
                    "product",
                    "redis",
                    AuditVerdict.Mode.FENCED,
                    Stream.of("product:1"),
                    key ->
                        CompletableFuture.failedStage(new IllegalStateException("connection lost")),
                    keys -> new RowReader.Rows(Map.of(), Set.of()),
                    new AuditCounts()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "the audit of cache \"product\" ended: the store does not answer"
                + " (java.lang.IllegalStateException: connection lost)");
  }

  @Test
  void tellsWhatItFindsByKindAndNamesTheFirstStaleEntries() throws InterruptedException {
    for (int id = 1; id <= 30; id++) {
      entry("product:" + id, "{\"v\":1}", 10);
      rows.put("product:" + id, id <= 25 ? "{\"v\":2}" : "{\"v\":1}");
    }
    meanwhile = () -> assertThat(counts.snapshot().suspected()).isEqualTo(25);

    audit(IntStream.rangeClosed(1, 30).mapToObj(id -> "product:" + id).toArray(String[]::new));

    AuditCounts.Snapshot found = counts.snapshot();
    assertThat(found.checked()).isEqualTo(30);
    assertThat(found.coherent()).isEqualTo(5);
    assertThat(found.stale()).isEqualTo(25);
    assertThat(found.suspected()).isZero();
    assertThat(found.staleEntries()).hasSize(20);
    assertThat(found.staleEntries().get(0))
        .isEqualTo(
            new AuditCounts.StaleEntry(
                "product:1",
                "entry with stamp 1:0/A differs from the primary since 5000 ms, applied 1:0/6E"));
  }

  @Test
  void watchesAThousandSuspectsAtATimeHoweverManyThereAre() throws InterruptedException {
    for (int id = 1; id <= 2_500; id++) {
      entry("product:" + id, "{\"v\":1}", 10);
      rows.put("product:" + id, "{\"v\":2}");
    }
    AtomicInteger most = new AtomicInteger();
    meanwhile = () -> most.accumulateAndGet(counts.snapshot().suspected(), Math::max);

    AuditVerdict verdict =
        audit(
            IntStream.rangeClosed(1, 2_500).mapToObj(id -> "product:" + id).toArray(String[]::new));

    assertThat(verdict.stale()).isEqualTo(2_500);
    assertThat(most).hasValue(1_000);
  }

  private final Set<String> unloadable = new HashSet<>();

  @Test
  void callsAStaleEntryABrokenPromiseOnlyWhereTheCacheIsFenced() throws InterruptedException {
    entry("product:1", "{\"id\":1}", 10);
    rows.put("product:1", "{\"id\":2}");

    for (AuditVerdict.Mode mode : AuditVerdict.Mode.values()) {
      AuditVerdict verdict = audit(mode, "product:1");

      assertThat(verdict.mode()).isEqualTo(mode);
      assertThat(verdict.stale()).isEqualTo(1);
      assertThat(verdict.breaksPromise()).isEqualTo(mode == AuditVerdict.Mode.FENCED);
    }
    rows.put("product:1", "{\"id\":1}");
    assertThat(audit("product:1").breaksPromise()).isFalse();
  }

  private AuditVerdict audit(String... keys) throws InterruptedException {
    return audit(AuditVerdict.Mode.FENCED, keys);
  }

  private AuditVerdict audit(AuditVerdict.Mode mode, String... keys) throws InterruptedException {
    return auditor.audit(
        "product",
        "redis",
        mode,
        Stream.of(keys),
        key -> CompletableFuture.completedStage(Optional.ofNullable(entries.get(key.key()))),
        asked -> {
          Map<String, byte[]> found = new HashMap<>();
          Set<String> absent = new HashSet<>(asked);
          absent.removeAll(unloadable);
          for (String key : asked) {
            String row = rows.get(key);
            if (row != null) {
              found.put(key, row.getBytes(StandardCharsets.UTF_8));
              absent.remove(key);
            }
          }
          return new RowReader.Rows(found, absent);
        },
        counts);
  }

  private void entry(String key, String json, long stamp) {
    entries.put(
        key,
        new EntryReader.Entry(
            Value.of(json.getBytes(StandardCharsets.UTF_8)),
            new Position(1, stamp),
            new Position(1, 100 + stamp)));
  }

  private double checks(String verdict, String within) {
    return metrics.counter(Metric.AUDIT_CHECKS, "product", verdict, within).count();
  }
}
