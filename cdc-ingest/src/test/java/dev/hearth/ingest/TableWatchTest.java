package dev.hearth.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.ingest.capture.TableMarks;
import dev.hearth.ingest.capture.TableMarks.Mark;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Which tables are distrusted, until when, and after what the catalog is to be read again. */
class TableWatchTest {
  private static final String STOCK = "public.stock";
  private static final long NEVER = -1;

  private final AtomicLong nanos = new AtomicLong();
  private final TableWatch watch = new TableWatch(nanos::get);

  @Test
  void distrustsATableWhoseRowsMayHaveGoneWithoutReadingTheCatalogAgain() {
    partitions("1:d,2:d", "1:10,2:20");

    assertThat(partitions("1:d,2:d", "1:10,2:21")).isEmpty();

    assertThat(watch.distrusted(0)).containsOnlyKeys(STOCK);
  }

  @Test
  void hasTheCatalogReadAgainWhereAPartitionCameOrWent() {
    partitions("1:d,2:d", "1:10,2:20");

    assertThat(partitions("1:d", "1:10")).containsExactly(STOCK);

    assertThat(watch.distrusted(0)).containsOnlyKeys(STOCK);
  }

  @Test
  void saysEachOccasionOnceToASessionAndToTheNextOneWhatIsNotOnTheTopic() {
    partitions("1:d", "1:10");
    partitions("1:d", "1:11");
    long first = Collections.max(watch.distrusted(0).values());
    assertThat(watch.distrusted(first)).isEmpty();

    partitions("1:d", "1:12");

    long second = Collections.max(watch.distrusted(first).values());
    assertThat(second).isGreaterThan(first);
    watch.told(STOCK, first);
    assertThat(watch.distrusted(0)).as("the later one is not told").hasSize(1);
    watch.told(STOCK, second);
    assertThat(watch.distrusted(0)).isEmpty();
  }

  @Test
  void saysNothingWhereNothingChanged() {
    partitions("1:d", "1:10");

    assertThat(partitions("1:d", "1:10")).isEmpty();

    assertThat(watch.distrusted(0)).isEmpty();
  }

  @Test
  void distrustsATableAtOnceWhoseColumnsAreOthers() {
    watch.marked(marks(mark("1:p", "1:10", "1:700,2:700", OptionalInt.of(700))));
    watch.marked(marks(mark("1:p", "1:11", "1:700,2:701", OptionalInt.of(701))));

    assertThat(watch.distrusted(0)).containsOnlyKeys(STOCK);
  }

  @Test
  void givesTheLogTimeToTellOfTheTruncateThatMadeAnotherFile() {
    file(10, 700);
    file(11, 701);
    assertThat(watch.distrusted(0)).isEmpty();

    nanos.addAndGet(TableWatch.DOUBT.toNanos());

    assertThat(watch.distrusted(0)).containsOnlyKeys(STOCK);
  }

  @Test
  void anotherFileOfAnyOtherTransactionIsDistrusted() {
    file(10, 700);
    watch.published(truncate(701));
    file(11, 702);
    watch.published(truncate(703));
    nanos.addAndGet(TableWatch.DOUBT.toNanos());

    assertThat(watch.distrusted(0)).containsOnlyKeys(STOCK);
  }

  @Test
  void aTruncateThatTheLogToldOfIsNotToldAgainWhicheverIsFirst() {
    file(10, 700);
    file(11, 701);
    watch.published(truncate(701));
    watch.published(truncate(0x1_0000_02BEL));
    file(12, 0x2BE);
    nanos.addAndGet(TableWatch.DOUBT.toNanos());

    assertThat(watch.distrusted(0)).isEmpty();
    assertThat(watch.told(NEVER).orElseThrow().digests()).containsOnlyKeys(STOCK);
  }

  @Test
  void aLaterFileDoesNotPutOffTheDoubtOfAnEarlierOne() {
    file(10, 700);
    file(11, 701);
    nanos.addAndGet(TableWatch.DOUBT.toNanos());
    file(12, 702);

    assertThat(watch.distrusted(0)).containsOnlyKeys(STOCK);
  }

  @Test
  void whatWasToldBeforeAndIsTheSameIsBelieved() {
    TableMarks now = marks(mark("1:p", "1:10", "1:700", OptionalInt.of(700)));
    watch.marked(now);
    Map<String, String> told = watch.told(NEVER).orElseThrow().digests();
    TableWatch next = new TableWatch(nanos::get);

    assertThat(next.resumed(now, Set.of(STOCK), told)).isEmpty();

    assertThat(next.distrusted(0)).isEmpty();
  }

  @Test
  void whateverWasDoneToATableSinceItWasToldOfIsDistrusted() {
    Mark before = mark("1:p", "1:10", "1:700", OptionalInt.of(700));
    watch.marked(marks(before));
    Map<String, String> told = watch.told(NEVER).orElseThrow().digests();

    for (Mark now :
        Set.of(
            mark("2:p", "1:10", "1:700", OptionalInt.of(700)),
            mark("1:p", "1:11", "1:700", OptionalInt.of(700)),
            mark("1:p", "1:10", "1:701", OptionalInt.of(700)))) {
      TableWatch next = new TableWatch(nanos::get);
      assertThat(next.resumed(marks(now), Set.of(STOCK), told)).containsExactly(STOCK);
      next.marked(marks(now));
      assertThat(next.distrusted(0)).containsOnlyKeys(STOCK);
    }
  }

  @Test
  void distrustsWhatNobodyKnowsAndWhatIsGone() {
    TableMarks now = marks(mark("1:p", "1:10", "1:700", OptionalInt.of(700)));

    assertThat(watch.resumed(now, Set.of(STOCK, "public.gone"), Map.of()))
        .containsExactly("public.gone", STOCK);
  }

  @Test
  void resumesOnceAndThenGoesOnByItself() {
    TableMarks now = marks(mark("1:p", "1:10", "1:700", OptionalInt.of(700)));
    watch.marked(now);

    assertThat(watch.resumed(now, Set.of(STOCK), Map.of())).isEmpty();
  }

  @Test
  void whoDiesBetweenSeeingAndTellingLeavesThatItIsUntold() {
    partitions("1:d", "1:10");
    long before = watch.told(NEVER).orElseThrow().state();
    partitions("1:d", "1:11");

    TableWatch.Told seen = watch.told(before).orElseThrow();
    assertThat(seen.digests()).isEmpty();
    assertThat(watch.told(seen.state())).isEmpty();
    watch.told(STOCK, Collections.max(watch.distrusted(0).values()));
    assertThat(watch.told(seen.state()).orElseThrow().digests()).containsOnlyKeys(STOCK);
  }

  @Test
  void whoDiesInDoubtLeavesThatItIsUntold() {
    file(10, 700);
    file(11, 701);

    assertThat(watch.told(NEVER).orElseThrow().digests()).isEmpty();
  }

  private void file(int number, int writer) {
    watch.marked(marks(mark("1:p", "1:" + number, "1:700", OptionalInt.of(writer))));
  }

  private Set<String> partitions(String members, String files) {
    return watch.marked(marks(mark(members, files, "1:700", OptionalInt.empty())));
  }

  private static Mark mark(String members, String files, String columns, OptionalInt writer) {
    return new Mark(members, files, columns, writer);
  }

  private static TableMarks marks(Mark mark) {
    return new TableMarks(Map.of(STOCK, mark));
  }

  private static ChangeEvent truncate(long transaction) {
    return new ChangeEvent(
        STOCK,
        Operation.TRUNCATE,
        RowImage.UNKNOWN,
        RowImage.UNKNOWN,
        transaction,
        1,
        new Position(1, 1),
        Instant.EPOCH,
        Instant.EPOCH);
  }
}
