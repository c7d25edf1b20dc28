package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.store.CacheKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SecondDeletesTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final SecondDeletes second =
      new SecondDeletes(Map.of("page", plain("page", 5), "list", plain("list", 1)));

  @Test
  void comesWhenItsCachesDelayIsOverAndOnlyOnce() {
    second.note(0, 7, Set.of(key("page", 1), key("list", 1), key("fenced", 1)), Set.of(), 0);

    assertThat(second.takeDue(SECOND - 1)).isEmpty();
    assertThat(second.takeDue(SECOND))
        .containsExactly(Map.entry(0, new SecondDeletes.Due(Set.of(key("list", 1)), Set.of())));
    assertThat(second.takeDue(5 * SECOND))
        .containsExactly(Map.entry(0, new SecondDeletes.Due(Set.of(key("page", 1)), Set.of())));
    assertThat(second.takeDue(100 * SECOND)).isEmpty();
  }

  @Test
  void doesNotPutOffAKeyThatComesAgainAndAgain() {
    second.note(0, 7, Set.of(key("page", 1)), Set.of(), 0);
    second.note(0, 8, Set.of(key("page", 1)), Set.of(), 4 * SECOND);

    assertThat(second.takeDue(5 * SECOND)).hasSize(1);
    assertThat(second.takeDue(9 * SECOND)).hasSize(1);
  }

  @Test
  void holdsTheOffsetOfTheOldestThatWaits() {
    second.note(0, 7, Set.of(key("page", 1)), Set.of(), 0);
    second.note(0, 9, Set.of(key("list", 2)), Set.of(), 0);
    second.note(1, 3, Set.of(), Set.of("list"), 0);

    assertThat(second.oldestOffset(0)).hasValue(7);
    second.takeDue(SECOND);
    assertThat(second.oldestOffset(0)).hasValue(7);
    assertThat(second.oldestOffset(1)).isEmpty();
    second.takeDue(5 * SECOND);
    assertThat(second.oldestOffset(0)).isEmpty();
  }

  @Test
  void holdsNothingForRoundsWithoutPlainCaches() {
    second.note(0, 7, Set.of(key("fenced", 1)), Set.of("fenced"), 0);

    assertThat(second.oldestOffset(0)).isEmpty();
    assertThat(second.takeDue(100 * SECOND)).isEmpty();
  }

  @Test
  void tellsWhatNoRecordWouldBringBack() {
    second.noteWithoutRecord(2, 0);

    assertThat(second.isWithoutRecord(2)).isTrue();
    assertThat(second.isWithoutRecord(1)).isFalse();
    assertThat(second.oldestOffset(2)).isEmpty();
    assertThat(second.takeDue(SECOND))
        .containsExactly(Map.entry(2, new SecondDeletes.Due(Set.of(), Set.of("list"))));
    assertThat(second.isWithoutRecord(2)).as("page is to come").isTrue();
    second.takeDue(5 * SECOND);
    assertThat(second.isWithoutRecord(2)).isFalse();
  }

  @Test
  void forgetsAPartition() {
    second.note(0, 7, Set.of(key("page", 1)), Set.of(), 0);
    second.note(1, 7, Set.of(key("page", 2)), Set.of(), 0);

    second.forget(0);

    assertThat(second.takeDue(5 * SECOND)).containsOnlyKeys(1);
  }

  @Test
  void remembersWholeCachesWhereKeysWouldBeTooMany() {
    Set<CacheKey> many =
        IntStream.range(0, SecondDeletes.MOST_KEYS)
            .mapToObj(id -> key("page", id))
            .collect(Collectors.toSet());
    second.note(0, 7, many, Set.of(), 0);
    second.note(0, 8, Set.of(key("list", 1)), Set.of(), 0);

    assertThat(second.takeDue(SECOND))
        .containsExactly(Map.entry(0, new SecondDeletes.Due(Set.of(), Set.of("list"))));
    assertThat(second.takeDue(5 * SECOND))
        .containsExactly(Map.entry(0, new SecondDeletes.Due(many, Set.of())));
    second.note(0, 9, Set.of(key("list", 2)), Set.of(), 0);
    assertThat(second.takeDue(SECOND).values())
        .containsExactly(new SecondDeletes.Due(Set.of(key("list", 2)), Set.of()));
  }

  /** Whenever it stops, what has not been deleted twice is in the log behind the held offset. */
  @Test
  void losesNoSecondDeleteWheneverItStops() {
    Cases.check(
        2_000,
        random -> {
          SecondDeletes waiting =
              new SecondDeletes(Map.of("page", plain("page", 5), "list", plain("list", 1)));
          List<CacheKey> log = new ArrayList<>();
          Set<Integer> twice = new HashSet<>();
          List<Long> deletedAt = new ArrayList<>();
          long now = 0;
          int records = random.nextInt(20) + 1;
          for (int offset = 0; offset < records; offset++) {
            CacheKey key = key(random.nextBoolean() ? "page" : "list", random.nextInt(4));
            log.add(key);
            deletedAt.add(now);
            waiting.note(0, offset, Set.of(key), Set.of(), now);
            now += random.nextInt(3) * SECOND;
            SecondDeletes.Due due =
                waiting.takeDue(now).getOrDefault(0, new SecondDeletes.Due(Set.of(), Set.of()));
            for (int earlier = 0; earlier <= offset; earlier++) {
              long delay = log.get(earlier).cache().equals("page") ? 5 : 1;
              if (due.keys().contains(log.get(earlier))
                  && now - deletedAt.get(earlier) >= delay * SECOND) {
                twice.add(earlier);
              }
            }

            long resume = waiting.oldestOffset(0).orElse(offset + 1) - 1;

            for (int earlier = 0; earlier <= resume; earlier++) {
              assertThat(twice)
                  .as("offsets up to %d will not come again", resume)
                  .contains(earlier);
            }
          }
        });
  }

  private static StoreCaches.Plain plain(String cache, int seconds) {
    return new StoreCaches.Plain(KeyTemplate.parse(cache + ":{id}"), Duration.ofSeconds(seconds));
  }

  private static CacheKey key(String cache, int id) {
    return new CacheKey(cache, cache + ":" + id);
  }
}
