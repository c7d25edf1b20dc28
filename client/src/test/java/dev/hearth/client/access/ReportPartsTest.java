package dev.hearth.client.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.codec.WireCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportPartsTest {
  private static final int MAX_BYTES = 10_000;
  private static final int AROUND_THE_COUNTS_BYTES = 100;

  @Test
  void leavesASmallReportWhole() {
    AccessReport report = report(List.of(count("a:1")), 3);

    assertThat(ReportParts.of(report, MAX_BYTES)).containsExactly(report);
  }

  @Test
  void saysTheSameInParts() {
    AccessReport report = report(counts(1_000, "product:ä"), 3);

    List<AccessReport> parts = ReportParts.of(report, MAX_BYTES);

    assertThat(parts).hasSizeGreaterThan(5);
    assertThat(parts).flatExtracting(AccessReport::counts).isEqualTo(report.counts());
    assertThat(parts.stream().mapToLong(AccessReport::dropped).sum()).isEqualTo(3);
    assertThat(parts)
        .allSatisfy(
            part -> {
              assertThat(part.client()).isEqualTo("shop-1");
              assertThat(part.from()).isEqualTo(report.from());
              assertThat(part.to()).isEqualTo(report.to());
            });
  }

  @Test
  void makesNoPartLargerThanAskedWhateverTheLetters() {
    AccessReport report = report(counts(1_000, "商品:"), 0);

    List<AccessReport> parts = ReportParts.of(report, MAX_BYTES);

    assertThat(parts)
        .allSatisfy(
            part ->
                assertThat(WireCodec.instance().encode(part))
                    .hasSizeLessThan(MAX_BYTES + AROUND_THE_COUNTS_BYTES));
  }

  @Test
  void givesACountThatIsTooLargeAPartOfItsOwn() {
    AccessReport report = report(List.of(count("a"), count("b".repeat(MAX_BYTES)), count("c")), 0);

    assertThat(ReportParts.of(report, MAX_BYTES)).hasSize(3);
  }

  @Test
  void makesOnePartOfAReportThatOnlyDropped() {
    AccessReport report = report(List.of(), 9);

    assertThat(ReportParts.of(report, MAX_BYTES)).containsExactly(report);
  }

  private static List<KeyCount> counts(int number, String prefix) {
    List<KeyCount> counts = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      counts.add(count(prefix + i));
    }
    return counts;
  }

  private static KeyCount count(String key) {
    return new KeyCount(
        "product",
        key,
        Long.MAX_VALUE,
        Long.MAX_VALUE,
        Duration.ofNanos(Long.MAX_VALUE),
        Long.MAX_VALUE,
        Long.MAX_VALUE);
  }

  private static AccessReport report(List<KeyCount> counts, long dropped) {
    return new AccessReport("shop-1", Instant.EPOCH, Instant.EPOCH.plusSeconds(1), counts, dropped);
  }
}
