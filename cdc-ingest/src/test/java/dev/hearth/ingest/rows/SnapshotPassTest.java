package dev.hearth.ingest.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.ingest.rows.SnapshotHistory.Protection;
import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SnapshotPassTest {
  private static final int HISTORIES = 20_000;
  private static final Set<String> COLUMNS = Set.of("id", "a");

  @Test
  void everyRowIsAsThePublishedChangesMadeItAndNoneIsMissing() {
    AtomicLong ends = new AtomicLong();
    AtomicLong rows = new AtomicLong();
    Cases.check(
        HISTORIES,
        random -> {
          SnapshotHistory history = new SnapshotHistory(random, Set.of());
          history.run();
          ends.addAndGet(history.ends());
          rows.addAndGet(history.rows());
        });
    // The histories do reach what they are about.
    assertThat(ends.get()).isGreaterThan(HISTORIES / 2);
    assertThat(rows.get()).isGreaterThan(HISTORIES);
  }

  @ParameterizedTest
  @EnumSource(Protection.class)
  void withoutEachProtectionARowIsWrongOrMissing(Protection without) {
    long seed = Cases.seed();
    Set<Protection> off = new HashSet<>(Set.of(without));

    boolean wrong =
        IntStream.range(0, HISTORIES)
            .anyMatch(
                i -> {
                  try {
                    new SnapshotHistory(new Random(seed + i), off).run();
                    return false;
                  } catch (SnapshotHistory.Wrong e) {
                    return true;
                  }
                });

    assertThat(wrong).as("-Dhearth.seed=" + seed).isTrue();
  }

  @Test
  void aSelectDuringWhichTooMuchWasPublishedIsMadeAgain() {
    SnapshotPass pass = new SnapshotPass(COLUMNS);
    SnapshotPass.Step step = pass.next();
    pass.opened();
    for (int i = 0; i <= SnapshotPass.MOST_NOTES; i++) {
      pass.published(Optional.of("t:" + i), change(Operation.DELETE, Map.of()));
    }

    pass.selected(step, List.of(row("t:1")), Optional.empty(), 0);

    assertThat(pass.take(1, 10)).isEmpty();
    assertThat(pass.next()).isEqualTo(step);
  }

  @Test
  void rowsThatMustBeReadAgainAreReadAfterAllOthersAndAgainWhenThatFails() {
    SnapshotPass pass = new SnapshotPass(COLUMNS);
    SnapshotPass.Step all = pass.next();
    pass.opened();
    pass.published(Optional.of("t:1"), change(Operation.INSERT, Map.of("id", "1")));
    pass.selected(all, List.of(row("t:1"), row("t:2")), Optional.empty(), 5);

    assertThat(pass.next()).isEqualTo(new SnapshotPass.Wait());
    assertThat(pass.take(4, 10)).isEmpty();
    assertThat(keys(pass.take(5, 10))).containsExactly("t:2");
    SnapshotPass.Step again = pass.next();
    assertThat(again).isEqualTo(new SnapshotPass.SelectRows(Set.of("t:1")));
    pass.opened();
    pass.failed(again);
    assertThat(pass.next()).isEqualTo(again);
    pass.opened();
    pass.selected(again, List.of(row("t:1")), Optional.empty(), 6);
    assertThat(keys(pass.take(6, 10))).containsExactly("t:1");
    assertThat(pass.next()).isEqualTo(new SnapshotPass.End());
  }

  @Test
  void aChangeThatDoesNotSayItsRowBeginsThePassAgain() {
    SnapshotPass pass = new SnapshotPass(COLUMNS);
    pass.opened();
    pass.published(Optional.empty(), change(Operation.UPDATE, Map.of()));

    pass.selected(pass.next(), List.of(row("t:1")), Optional.empty(), 0);

    assertThat(pass.take(1, 10)).isEmpty();
    assertThat(pass.next()).isEqualTo(new SnapshotPass.BeginAgain());
  }

  private static List<String> keys(List<SelectedRow> rows) {
    return rows.stream().map(SelectedRow::key).collect(Collectors.toList());
  }

  private static SelectedRow row(String key) {
    return new SelectedRow(key, Map.of("id", key.substring(2), "a", "x"));
  }

  static ChangeEvent change(Operation operation, Map<String, String> after) {
    return new ChangeEvent(
        "t",
        operation,
        RowImage.UNKNOWN,
        new RowImage(after),
        1,
        1,
        new Position(1, 1),
        Instant.EPOCH,
        Instant.EPOCH);
  }
}
