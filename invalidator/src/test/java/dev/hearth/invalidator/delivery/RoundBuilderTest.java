package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.Round;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoundBuilderTest {
  private static final Set<String> FENCED = Set.of("product", "category");
  private static final StoreCaches CACHES =
      new StoreCaches(
          FENCED,
          Map.of(
              "page", new StoreCaches.Plain(KeyTemplate.parse("page:{id}"), Duration.ofSeconds(5))),
          Set.of("legacy"));

  private final RoundBuilder builder = new RoundBuilder(2, "topic", CACHES);

  @Test
  void foldsWhatFollowsOneAnotherIntoOneRound() {
    builder.add(10, invalidation("product", "product:1", 5));
    builder.add(11, invalidation("product", "product:2", 6));
    builder.add(12, watermark(4, 6));
    builder.add(13, invalidation("category", "category:1", 7));

    assertThat(builder.build())
        .isEqualTo(
            new Round(
                2,
                position(7),
                Set.of(
                    new CacheKey("product", "product:1"),
                    new CacheKey("product", "product:2"),
                    new CacheKey("category", "category:1")),
                Map.of(),
                Optional.of(new Watermark(position(4), 6, Instant.EPOCH)),
                "topic",
                13));
  }

  @Test
  void takesAKeyOutOnceAtTheHighestPositionAndMeasuresTheOldest() {
    Invalidation first = invalidation("product", "product:1", 5);
    builder.add(10, first);
    builder.add(11, invalidation("product", "product:1", 9));
    builder.add(12, invalidation("product", "product:1", 7));

    assertThat(builder.build().keys()).containsExactly(new CacheKey("product", "product:1"));
    assertThat(builder.build().ceiling()).isEqualTo(position(9));
    assertThat(builder.invalidations().values()).containsExactly(first);
  }

  @Test
  void leavesOutCachesThatTheStoreDoesNotHoldButNotTheirOffsets() {
    builder.add(10, invalidation("elsewhere", "elsewhere:1", 5));
    builder.add(11, generation("elsewhere", 3, 6));

    Round round = builder.build();

    assertThat(round.keys()).isEmpty();
    assertThat(round.generations()).isEmpty();
    assertThat(round.ceiling()).isEqualTo(Position.NONE);
    assertThat(round.lastOffset()).isEqualTo(11);
  }

  @Test
  void keepsTheHighestGenerationOfEachCache() {
    builder.add(10, generation("product", 4, 5));
    builder.add(11, generation("product", 3, 6));
    builder.add(12, generation("category", 1, 4));

    Round round = builder.build();

    assertThat(round.generations())
        .containsExactlyInAnyOrderEntriesOf(Map.of("product", 4L, "category", 1L));
    assertThat(round.ceiling()).isEqualTo(position(6));
  }

  @Test
  void raisesToTheEpochThatBegins() {
    builder.add(10, invalidation("product", "product:1", 500));
    builder.add(
        11,
        new InvalidationMark(
            new EpochRaised(
                "slot",
                new Position(2, 3),
                new SourceIdentity("1", 1, "slot", 1, "", Instant.EPOCH),
                false,
                "restored",
                Instant.EPOCH)));

    assertThat(builder.build().ceiling()).isEqualTo(new Position(2, 3));
  }

  @Test
  void keepsTheLastWatermark() {
    builder.add(10, watermark(4, 6));
    builder.add(11, watermark(8, 9));

    assertThat(builder.watermark().orElseThrow().position()).isEqualTo(position(8));
    assertThat(builder.build().ceiling()).isEqualTo(Position.NONE);
  }

  @Test
  void takesPlainKeysOutAndTellsTheFirstRecordOfThem() {
    builder.add(10, invalidation("product", "product:1", 5));
    builder.add(11, invalidation("page", "page:1", 6));
    builder.add(12, invalidation("page", "page:2", 7));

    assertThat(builder.keys())
        .containsExactlyInAnyOrder(
            new CacheKey("product", "product:1"),
            new CacheKey("page", "page:1"),
            new CacheKey("page", "page:2"));
    assertThat(builder.firstPlainOffset()).hasValue(11);
    assertThat(builder.emptied()).isEmpty();
  }

  @Test
  void emptiesAPlainCacheThatAGenerationVoids() {
    builder.add(10, generation("product", 3, 5));
    builder.add(11, generation("page", 4, 6));

    assertThat(builder.emptied()).containsExactly("page");
    assertThat(builder.firstPlainOffset()).hasValue(11);
  }

  @Test
  void countsWhatIsOnlyObservedAndTakesNothingOut() {
    builder.add(10, invalidation("legacy", "legacy:1", 5));
    builder.add(11, invalidation("legacy", "legacy:1", 6));
    builder.add(12, generation("legacy", 4, 7));

    assertThat(builder.observed()).containsExactly(Map.entry("legacy", 2));
    Round round = builder.build();
    assertThat(round.keys()).isEmpty();
    assertThat(round.generations()).isEmpty();
    assertThat(round.ceiling()).isEqualTo(Position.NONE);
    assertThat(builder.firstPlainOffset()).isEmpty();
  }

  @Test
  void goesOnFromWhereItIsTold() {
    builder.add(10, invalidation("page", "page:1", 6));

    assertThat(builder.build(new Resume("topic", 9)).resumeOffset()).isEqualTo(9);
    assertThat(builder.build(new Resume("topic", 9)).lastOffset()).isEqualTo(10);
  }

  /** However a stretch is cut into rounds, the same keys go and the same positions are reached. */
  @Test
  void losesNothingWhereverARoundEnds() {
    Cases.check(
        2_000,
        random -> {
          List<InvalidationRecord> records = new ArrayList<>();
          for (int i = random.nextInt(12) + 1; i > 0; i--) {
            records.add(randomRecord(random));
          }
          int cut = random.nextInt(records.size() + 1);

          Round whole = build(records, 0, records.size());
          Round head = build(records, 0, cut);
          Round tail = build(records, cut, records.size());

          List<CacheKey> keys = new ArrayList<>(head.keys());
          keys.addAll(tail.keys());
          assertThat(whole.keys()).containsExactlyInAnyOrderElementsOf(Set.copyOf(keys));
          assertThat(whole.ceiling()).isEqualTo(Position.max(head.ceiling(), tail.ceiling()));
          for (String cache : FENCED) {
            assertThat(whole.generations().getOrDefault(cache, 0L))
                .isEqualTo(
                    Math.max(
                        head.generations().getOrDefault(cache, 0L),
                        tail.generations().getOrDefault(cache, 0L)));
          }
          assertThat(whole.watermark()).isEqualTo(tail.watermark().or(head::watermark));
        });
  }

  private static Round build(List<InvalidationRecord> records, int from, int to) {
    RoundBuilder builder = new RoundBuilder(0, "topic", CACHES);
    for (int i = from; i < to; i++) {
      builder.add(i, records.get(i));
    }
    return builder.build();
  }

  private static InvalidationRecord randomRecord(Random random) {
    String cache = List.of("product", "category", "elsewhere").get(random.nextInt(3));
    return switch (random.nextInt(3)) {
      case 0 -> watermark(random.nextInt(50), 50 + random.nextInt(50));
      case 1 -> generation(cache, random.nextInt(9) + 1, random.nextInt(100));
      default -> invalidation(cache, cache + ":" + random.nextInt(4), random.nextInt(100));
    };
  }

  private static Invalidation invalidation(String cache, String key, long lsn) {
    return new Invalidation(
        cache,
        key,
        position(lsn),
        Instant.EPOCH.plusSeconds(lsn),
        Instant.EPOCH,
        Instant.EPOCH,
        new Cause("public.product", "row", 1, "rules[0].keys[0]"));
  }

  private static InvalidationMark watermark(long lsn, long gateLsn) {
    return new InvalidationMark(new Watermark(position(lsn), gateLsn, Instant.EPOCH));
  }

  private static InvalidationMark generation(String cache, long generation, long lsn) {
    return new InvalidationMark(
        new GenerationRaised(cache, generation, position(lsn), "truncate", Instant.EPOCH));
  }

  private static Position position(long lsn) {
    return new Position(1, lsn);
  }
}
