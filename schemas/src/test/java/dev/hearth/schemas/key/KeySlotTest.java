package dev.hearth.schemas.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Vectors from the Redis Cluster specification and from CLUSTER KEYSLOT. */
class KeySlotTest {

  @ParameterizedTest
  @CsvSource({"123456789, 12739", "foo, 12182", "bar, 5061", "hello, 866", "'', 0"})
  void isTheSlotThatRedisComputes(String key, int slot) {
    assertThat(KeySlot.of(key)).isEqualTo(slot);
  }

  @ParameterizedTest
  @CsvSource({
    "{user1000}.following, user1000",
    "{user1000}.followers, user1000",
    "a{b}c{d}, b",
  })
  void whatStandsInTheFirstBracesDecides(String key, String tag) {
    assertThat(KeySlot.of(key)).isEqualTo(KeySlot.of(tag));
  }

  @Test
  void emptyBracesAreNoTag() {
    assertThat(KeySlot.of("foo{}{bar}")).isEqualTo(8363);
    assertThat(KeySlot.of("foo{{bar}}zap")).isEqualTo(KeySlot.of("{bar"));
    assertThat(KeySlot.of("foo{bar")).isNotEqualTo(KeySlot.of("bar"));
  }

  @Test
  void partitionsAreContiguousRangesOfSlotsAndAllAreUsed() {
    assertThat(
            IntStream.range(0, 1000)
                .map(i -> KeySlot.partitionOf("product:" + i, 4))
                .distinct()
                .sorted())
        .containsExactly(0, 1, 2, 3);
    assertThat(KeySlot.partitionOf("123456789", 4)).isEqualTo(12739 * 4 / 16384);
    assertThat(KeySlot.partitionOf("anything", 1)).isZero();
  }
}
