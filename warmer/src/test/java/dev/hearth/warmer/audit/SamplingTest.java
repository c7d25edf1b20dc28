package dev.hearth.warmer.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplingTest {
  private static final int KEYS = 200_000;

  @Test
  void takesItsShareOfALargeCache() {
    int beyond = KEYS - Sampling.ALWAYS;

    for (double share : List.of(0.001, 0.01, 0.5)) {
      int taken = taken(new Sampling(share, 42)).size() - Sampling.ALWAYS;

      assertThat((double) taken / beyond).isBetween(0.8 * share, 1.2 * share);
    }
    assertThat(taken(new Sampling(1, 42))).hasSize(KEYS);
  }

  @Test
  void takesASmallCacheAsAWhole() {
    Sampling sampling = new Sampling(1e-9, 42);

    assertThat(IntStream.range(0, Sampling.ALWAYS).mapToObj(id -> "product:" + id))
        .allMatch(sampling);
    assertThat(sampling.test("product:one-more")).isFalse();
  }

  @Test
  void takesOthersWithEachSaltAndTheSameInEachStore() {
    List<String> one = taken(new Sampling(0.01, 1));
    List<String> other = taken(new Sampling(0.01, 2));

    assertThat(taken(new Sampling(0.01, 1))).isEqualTo(one);
    long both = one.stream().skip(Sampling.ALWAYS).filter(other::contains).count();
    assertThat(both).isLessThan((one.size() - Sampling.ALWAYS) / 10);
  }

  private static List<String> taken(Sampling sampling) {
    return IntStream.range(0, KEYS).mapToObj(id -> "product:" + id).filter(sampling).toList();
  }
}
