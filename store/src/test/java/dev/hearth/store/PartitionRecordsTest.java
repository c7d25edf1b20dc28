package dev.hearth.store;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.PartitionMemory.Moves;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PartitionRecordsTest {
  private static final Meta META =
      new Meta(7, new Position(1, 100), new Position(1, 110), Map.of("a", 3L), "topic", 5);

  @Test
  void writesOnlyToTheRecordsThatARoundTouches() {
    PartitionRecords records = records(META, META, META);
    Round round = round().ceiling(1, 200).watermark(1, 150, 160).offset(6).build();

    Map<Integer, Moves> moves = moves(records, round, Set.of(1), 0);

    assertThat(moves.keySet()).containsExactly(1);
    assertThat(result(moves, 1).raised()).isEqualTo(new Position(1, 200));
    assertThat(result(moves, 1).applied()).isEqualTo(new Position(1, 150));
  }

  @Test
  void advancesOthersInTurnWithoutRaisingThem() {
    PartitionRecords records = records(META, META, META);
    Round round = round().ceiling(1, 200).watermark(1, 150, 160).offset(6).build();

    Map<Integer, Moves> first = moves(records, round, Set.of(0), 2);
    records.settle(first);
    Map<Integer, Moves> second = moves(records, round, Set.of(), 2);

    assertThat(first.keySet()).containsExactly(0, 1);
    assertThat(first.get(1)).extracting(Moves::raise).isEqualTo(Optional.empty());
    assertThat(result(first, 1))
        .isEqualTo(
            new Meta(7, new Position(1, 150), new Position(1, 110), Map.of("a", 3L), "topic", 6));
    // Record 0 has nothing new to say.
    assertThat(second.keySet()).containsExactly(2);
  }

  @Test
  void advancesByTheLatestWatermarkWhereARoundHasNone() {
    PartitionRecords records = records(META, META);
    moves(records, round().watermark(1, 150, 160).offset(6).build(), Set.of(), 0);

    Map<Integer, Moves> later = moves(records, round().offset(9).build(), Set.of(1), 0);

    assertThat(result(later, 1).applied()).isEqualTo(new Position(1, 150));
    assertThat(result(later, 1).offset()).isEqualTo(9);
  }

  @Test
  void writesToAllWhereAGenerationRises() {
    Map<Integer, Moves> raised =
        moves(
            records(META, META),
            round().ceiling(1, 200).generation("a", 4).offset(6).build(),
            Set.of(),
            0);
    Map<Integer, Moves> replayed =
        moves(
            records(META, META),
            round().ceiling(1, 90).generation("a", 3).offset(4).build(),
            Set.of(),
            0);

    assertThat(raised.keySet()).containsExactly(0, 1);
    assertThat(result(raised, 1).raised()).isEqualTo(new Position(1, 200));
    assertThat(replayed).isEmpty();
  }

  @Test
  void writesToAllWhereAnEpochRisesByAKeyOrByAWatermark() {
    Map<Integer, Moves> byCeiling =
        moves(records(META, META), round().ceiling(2, 10).offset(6).build(), Set.of(), 0);
    Map<Integer, Moves> byWatermark =
        moves(records(META, META), round().watermark(2, 10, 20).offset(6).build(), Set.of(), 0);

    assertThat(byCeiling.keySet()).containsExactly(0, 1);
    assertThat(result(byCeiling, 0).applied()).isEqualTo(new Position(2, 0));
    assertThat(byWatermark.keySet()).containsExactly(0, 1);
    assertThat(byWatermark.get(0)).extracting(Moves::raise).isNotEqualTo(Optional.empty());
  }

  @Test
  void bearsAMissingRecordAnewAndLeavesTheOthers() {
    PartitionRecords records = new PartitionRecords(List.of(Optional.of(META), Optional.empty()));
    Round round = round().watermark(1, 150, 160).offset(6).build();

    Map<Integer, Moves> moves = moves(records, round, Set.of(), 0);
    boolean before = records.complete();
    records.settle(moves);

    assertThat(moves.keySet()).containsExactly(1);
    assertThat(result(moves, 1))
        .isEqualTo(new Meta(99, new Position(1, 150), new Position(1, 160), Map.of(), "topic", 6));
    assertThat(before).isFalse();
    assertThat(records.complete()).isTrue();
  }

  /** Between that watermark and now something may have been invalidated that B then lacks. */
  @Test
  void bearsNoRecordFromAnOlderWatermark() {
    PartitionRecords records = new PartitionRecords(List.of(Optional.of(META), Optional.empty()));
    Map<Integer, Moves> failed =
        moves(records, round().watermark(1, 150, 160).offset(6).build(), Set.of(), 0);

    Map<Integer, Moves> later =
        moves(records, round().ceiling(1, 300).offset(9).build(), Set.of(0, 1), 2);

    assertThat(failed).containsKey(1);
    assertThat(later.keySet()).containsExactly(0);
  }

  @Test
  void resumesAtTheLowestOffsetOfTheRecordsThatAreThere() {
    Meta ahead = new Meta(7, META.applied(), META.raised(), Map.of(), "topic", 50);

    PartitionRecords records =
        new PartitionRecords(List.of(Optional.of(ahead), Optional.of(META), Optional.empty()));

    assertThat(records.lowest()).contains(META);
    assertThat(records.disagree()).isFalse();
    assertThat(new PartitionRecords(List.of(Optional.empty())).lowest()).isEmpty();
  }

  @Test
  void disagreesWhereRecordsCountInTwoTopics() {
    Meta elsewhere = new Meta(7, META.applied(), META.raised(), Map.of(), "other", 5);

    assertThat(records(META, elsewhere).disagree()).isTrue();
  }

  @Test
  void writesToAllWhenTheTopicChanges() {
    Round round = round().topic("other").offset(1).build();

    Map<Integer, Moves> moves = moves(records(META, META), round, Set.of(), 0);

    assertThat(result(moves, 0).topicId()).isEqualTo("other");
    assertThat(result(moves, 1).offset()).isEqualTo(1);
  }

  private static RoundBuilder round() {
    return new RoundBuilder(0);
  }

  private static PartitionRecords records(Meta... metas) {
    return new PartitionRecords(List.of(metas).stream().map(Optional::of).toList());
  }

  private static Map<Integer, Moves> moves(
      PartitionRecords records, Round round, Set<Integer> touched, int turns) {
    return records.moves(round, touched, turns, () -> 99);
  }

  private static Meta result(Map<Integer, Moves> moves, int home) {
    return requireNonNull(moves.get(home)).result().orElseThrow();
  }
}
