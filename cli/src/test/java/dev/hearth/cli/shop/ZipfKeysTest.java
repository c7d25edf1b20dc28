package dev.hearth.cli.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ZipfKeysTest {
  @Test
  void readsTheSameKeysForTheSameSeedAndEachRankIsAnIdOfItsOwn() {
    // A multiple of the stride: with it every rank would be the same id.
    int keys = 7919;
    ZipfKeys one = new ZipfKeys(keys, 1.0, 5);
    ZipfKeys same = new ZipfKeys(keys, 1.0, 5);
    ZipfKeys other = new ZipfKeys(keys, 1.0, 6);

    List<Integer> drawn = IntStream.range(0, 1_000).mapToObj(i -> one.next()).toList();

    assertThat(IntStream.range(0, 1_000).mapToObj(i -> same.next()).toList()).isEqualTo(drawn);
    assertThat(IntStream.range(0, 1_000).mapToObj(i -> other.next()).toList()).isNotEqualTo(drawn);
    assertThat(drawn).allSatisfy(id -> assertThat(id).isBetween(1, keys));
    assertThat(drawn.stream().distinct().count()).isGreaterThan(100);
  }

  @Test
  void givesEachArrivalTheNextId() {
    ZipfKeys ids = new ZipfKeys(1_000, 1.0, 3);
    List<Integer> expected = IntStream.range(0, 100).mapToObj(i -> ids.next()).toList();
    List<Integer> worked = new ArrayList<>();
    Supplier<Runnable> arrivals = new ZipfKeys(1_000, 1.0, 3).each(worked::add);

    List<Runnable> drawn = IntStream.range(0, 100).mapToObj(i -> arrivals.get()).toList();
    drawn.forEach(Runnable::run);

    assertThat(worked).isEqualTo(expected);
  }
}
