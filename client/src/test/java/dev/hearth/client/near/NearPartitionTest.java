package dev.hearth.client.near;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;

class NearPartitionTest {
  private static final String KEY = "product:1";

  private final NearPartition partition = new NearPartition(2, Position::atLeast);

  @Test
  void keepsNothingBeforeTheFirstMarkTellsWhatCameBefore() {
    assertThat(partition.admit(KEY, at(1_000))).isEmpty();

    partition.marked(mark(100, 120));

    assertThat(partition.admit(KEY, at(119))).isEmpty();
    assertThat(partition.admit(KEY, at(120))).isPresent();
  }

  @Test
  void keepsAValueOnlyFromTheLastInvalidationOfItsKeyOn() {
    partition.marked(mark(100, 100));
    partition.invalidated(KEY, at(200));
    partition.marked(mark(190, 190));

    assertThat(partition.admit(KEY, at(199))).isEmpty();
    assertThat(partition.admit(KEY, at(200))).isPresent();
    assertThat(partition.admit("product:2", at(150))).isPresent();
  }

  @Test
  void remembersTheHighestPositionOfAKeyThatIsReplayed() {
    partition.marked(mark(100, 100));
    partition.invalidated(KEY, at(200));
    partition.invalidated(KEY, at(150));

    assertThat(partition.admit(KEY, at(199))).isEmpty();
  }

  @Test
  void takesTheHighestForgottenPositionForAllKeysThatItDoesNotRemember() {
    partition.marked(mark(100, 100));
    partition.invalidated(KEY, at(200));
    partition.invalidated("product:2", at(210));
    partition.invalidated("product:3", at(220));

    assertThat(partition.admit(KEY, at(199))).isEmpty();
    assertThat(partition.admit(KEY, at(200))).isPresent();
    assertThat(partition.admit("product:9", at(199))).isEmpty();
    assertThat(partition.admit("product:9", at(200))).isPresent();
  }

  @Test
  void beginsANewLifeWithAnEpochOrAGeneration() {
    partition.marked(mark(100, 100));
    long before = partition.life();

    partition.raised(new Position(2, 150));

    assertThat(partition.life()).isNotEqualTo(before);
    assertThat(partition.admit(KEY, at(900))).isEmpty();
    assertThat(partition.admit(KEY, new Position(2, 150))).isPresent();
  }

  @Test
  void keepsNothingAfterALossUntilAMarkSaysWhatWasMissed() {
    partition.marked(mark(100, 100));
    long before = partition.life();

    partition.lost();

    assertThat(partition.life()).isNotEqualTo(before);
    assertThat(partition.admit(KEY, at(900))).isEmpty();
    partition.marked(mark(290, 300));
    assertThat(partition.admit(KEY, at(299))).isEmpty();
    assertThat(partition.admit(KEY, at(300))).isPresent();
  }

  // R11
  @Test
  void neverHoldsAValueThatMissesWhatWasTold() {
    AtomicLong kept = new AtomicLong();
    Cases.check(
        3_000,
        random -> {
          Run run = new Run(random, Position::atLeast);
          assertThat(run.violations()).isZero();
          kept.addAndGet(run.kept);
        });
    assertThat(kept.get()).isGreaterThan(1_000);
  }

  // R11: what the rule is for.
  @Test
  void holdsValuesThatMissWhatWasToldWithoutTheCheck() {
    long violations = 0;
    for (int i = 0; i < 300; i++) {
      violations += new Run(new Random(i), (vouching, told) -> true).violations();
    }
    assertThat(violations).isPositive();
  }

  /**
   * One log, a store that applies it and a near cache that is told of it, each at its own pace, and
   * a reader. A value is the number of transactions of its key that it holds.
   */
  private static final class Run {
    private static final List<String> KEYS = List.of("a", "b", "c", "d", "e");
    private final Random random;
    private final NearCache<Long> near;
    private final List<Object> log = new ArrayList<>();
    private final java.util.Map<String, Long> database = new java.util.HashMap<>();
    private final java.util.Map<String, NearCache.Found<Long>> store = new java.util.HashMap<>();
    private final java.util.Map<String, Long> toldCount = new java.util.HashMap<>();
    private Position applied = at(0);
    private long lsn = 10;
    private int delivered;
    private int told;
    private int kept;

    private record Told(String key, Position position, long count) {}

    Run(Random random, BiPredicate<Position, Position> atLeast) {
      this.random = random;
      this.near = new NearCache<>(1, 100, Duration.ofHours(1), atLeast);
    }

    long violations() {
      long violations = 0;
      for (int step = 0; step < 120; step++) {
        String key = KEYS.get(random.nextInt(KEYS.size()));
        switch (random.nextInt(6)) {
          case 0 -> write(key);
          case 1 -> log.add(mark(lsn, lsn + 3));
          case 2 -> deliver();
          case 3, 4 -> tell();
          default -> read(key);
        }
        for (String each : KEYS) {
          Optional<NearCache.Found<Long>> found = near.find(each);
          if (found.isPresent()
              && found.get().value().orElseThrow() < toldCount.getOrDefault(each, 0L)) {
            violations++;
          }
        }
      }
      return violations;
    }

    private void write(String key) {
      lsn += 5;
      // c lies above the end of the commit record, and so above the watermarks around it.
      log.add(new Told(key, at(lsn + 3), database.merge(key, 1L, Long::sum)));
    }

    private void deliver() {
      if (delivered < log.size()) {
        Object record = log.get(delivered++);
        if (record instanceof Told invalidation) {
          store.remove(invalidation.key());
        } else {
          applied = ((Watermark) record).position();
        }
      }
    }

    private void tell() {
      if (told < log.size()) {
        Object record = log.get(told++);
        if (record instanceof Told invalidation) {
          near.invalidated(0, invalidation.key(), invalidation.position());
          toldCount.merge(invalidation.key(), invalidation.count(), Math::max);
        } else {
          near.marked(0, (Watermark) record);
        }
      }
    }

    private void read(String key) {
      NearCache.Found<Long> found =
          store.computeIfAbsent(
              key,
              absent ->
                  new NearCache.Found<>(Optional.of(database.getOrDefault(key, 0L)), applied));
      near.offer(
          0, key, new NearCache.Found<>(found.value(), Position.max(found.vouching(), applied)));
      kept += near.find(key).isPresent() ? 1 : 0;
    }
  }

  private static Position at(long lsn) {
    return new Position(1, lsn);
  }

  private static Watermark mark(long lsn, long ceiling) {
    return new Watermark(at(lsn), ceiling, Instant.EPOCH);
  }
}
