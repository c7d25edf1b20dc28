package dev.hearth.warmer.guard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.store.StoreRoom;
import dev.hearth.store.StoreRoom.Unit;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MemoryRuleTest {
  private static final long MB = 1_000_000;

  @Test
  void letsWhatFitsPass() {
    assertThat(refusal(List.of(redis("a", 50 * MB, 100 * MB, 0)), List.of(), 100, MB)).isEmpty();
  }

  @Test
  void refusesWhatWouldPassTheLimit() {
    assertThat(refusal(List.of(redis("a", 89_990_000, 100 * MB, 0)), List.of(), 100, MB))
        .contains(
            "store redis (a) holds 90.0 MB of 100.0 MB, and the next batch would add about 1.0 MB:"
                + " above 90 % of the limit it might evict hotter entries; give the store more"
                + " memory, or ask for fewer keys");
  }

  @Test
  void countsAGuessWhereNothingIsKnownOfTheValues() {
    // 100 keys of 1,024 and 200 bytes.
    assertThat(refusal(List.of(redis("a", 90 * MB - 122_400, 100 * MB, 0)), List.of(), 100, 0))
        .isEmpty();
    assertThat(refusal(List.of(redis("a", 90 * MB - 122_399, 100 * MB, 0)), List.of(), 100, 0))
        .isPresent();
  }

  @Test
  void looksAtTheFullestServerAndSpreadsTheKeysOverAll() {
    List<StoreRoom> cluster =
        List.of(redis("a", 10 * MB, 100 * MB, 0), redis("b", 89_400_000, 100 * MB, 0));

    assertThat(refusal(cluster, List.of(), 100, MB)).isEmpty();
    assertThat(refusal(cluster, List.of(), 100, 2 * MB))
        .hasValueSatisfying(
            sentence -> assertThat(sentence).startsWith("store redis (b) holds 89.4 MB"));
  }

  @Test
  void aServerWithoutALimitHasRoom() {
    StoreRoom endless =
        new StoreRoom("a", Unit.BYTES, 1L << 60, OptionalLong.empty(), false, OptionalLong.of(0));

    assertThat(refusal(List.of(endless), List.of(), 100, MB)).isEmpty();
    assertThat(refusal(List.of(), List.of(), 100, MB)).isEmpty();
  }

  @Test
  void stopsWhenEvictionsBeginWhateverTheLimitSays() {
    assertThat(
            refusal(
                List.of(redis("a", MB, 100 * MB, 12)),
                List.of(redis("a", MB, 100 * MB, 9)),
                100,
                MB))
        .contains(
            "store redis (a) began to evict: 3 entries while the run ran, and it would not know"
                + " which are hotter than what it brings; give the store more memory, or ask for"
                + " fewer keys");
  }

  @Test
  void holdsNothingAgainstARunThatWasEvictedBefore() {
    assertThat(refusal(List.of(redis("a", MB, 100 * MB, 12)), List.of(), 100, MB)).isEmpty();
    assertThat(
            refusal(
                List.of(redis("a", MB, 100 * MB, 0)),
                List.of(redis("a", MB, 100 * MB, 9)),
                100,
                MB))
        .as("a server that was restarted counts from 0")
        .isEmpty();
  }

  @Test
  void countsEntriesWhereTheStoreDoes() {
    StoreRoom hazelcast =
        new StoreRoom("map", Unit.ENTRIES, 850, OptionalLong.of(1_000), true, OptionalLong.empty());

    assertThat(refusal(List.of(hazelcast), List.of(), 50, 100 * MB)).isEmpty();
    assertThat(refusal(List.of(hazelcast), List.of(), 51, 0))
        .hasValueSatisfying(
            sentence ->
                assertThat(sentence)
                    .startsWith("store redis (map) holds 850 entries of 1,000 entries"));
  }

  @Test
  void saysWhatAServerThatNeverEvictsWouldDo() {
    StoreRoom firm =
        new StoreRoom(
            "a", Unit.BYTES, 99 * MB, OptionalLong.of(100 * MB), false, OptionalLong.of(0));

    assertThat(refusal(List.of(firm), List.of(), 1, 1))
        .hasValueSatisfying(
            sentence -> assertThat(sentence).contains("it might refuse invalidations' records"));
  }

  private static Optional<String> refusal(
      List<StoreRoom> now, List<StoreRoom> before, int keys, long bytes) {
    return MemoryRule.refusal("redis", now, before, keys, bytes, 0.9);
  }

  private static StoreRoom redis(String server, long used, long limit, long evicted) {
    return new StoreRoom(
        server, Unit.BYTES, used, OptionalLong.of(limit), true, OptionalLong.of(evicted));
  }
}
