package dev.hearth.client.near;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.client.near.NearCache.Found;
import dev.hearth.client.near.NearCache.Tag;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Values that depend on tags, of which other partitions tell. */
class NearTagsTest {
  private static final String KEY = "page:1";
  private static final Tag FIRST = new Tag(0, "category/category:1");
  private static final Tag SECOND = new Tag(1, "category/category:2");
  private static final List<Tag> TAGS = List.of(FIRST, SECOND);

  private final NearCache<String> near =
      new NearCache<>(2, 100, Duration.ofHours(1), Position::atLeast);

  @BeforeEach
  void tellOfWhatCameBefore() {
    near.marked(0, mark(100));
    near.marked(1, mark(100));
  }

  @Test
  void keepsAValueUntilItIsToldOfOneOfItsTags() {
    offer(150);
    boolean kept = isKept();

    near.invalidatedTag(1, SECOND.name(), at(160));

    assertThat(kept).isTrue();
    assertThat(isKept()).isFalse();
  }

  @Test
  void keepsNoValueThatMayMissWhatItWasToldOfATag() {
    near.invalidatedTag(0, FIRST.name(), at(160));

    offer(159);
    assertThat(isKept()).isFalse();

    offer(160);
    assertThat(isKept()).isTrue();
  }

  @Test
  void isNotMovedByOtherTagsNorByAKeyOfTheSameName() {
    offer(150);

    near.invalidatedTag(0, "category/category:9", at(160));
    near.invalidatedTag(0, SECOND.name(), at(160));
    near.invalidated(1, SECOND.name(), at(160));

    assertThat(isKept()).isTrue();
  }

  @Test
  void answersOnlyWhoNamesTheSameTags() {
    offer(150);

    assertThat(near.find(KEY)).isEmpty();
    assertThat(near.find(KEY, List.of(FIRST))).isEmpty();
    assertThat(isKept()).isTrue();
  }

  /** Whatever its position: in the store the tags are void too. */
  @Test
  void aNewGenerationOfTagsTakesEverythingThatDependsOnThem() {
    offer(500);

    near.raisedTags(1, at(160));

    assertThat(isKept()).isFalse();
    offer(500);
    assertThat(isKept()).isTrue();
  }

  @Test
  void recordsThatWereMissedTakeEverythingThatDependsOnTagsOfThatPartition() {
    offer(150);

    near.lost(1);
    boolean kept = isKept();
    offer(150);
    boolean keptBeforeAMark = isKept();
    near.marked(1, mark(200));
    offer(150);

    assertThat(kept).isFalse();
    assertThat(keptBeforeAMark).isFalse();
    assertThat(isKept()).isFalse();
    offer(200);
    assertThat(isKept()).isTrue();
  }

  @Test
  void whatItCannotRememberOfTagsCountsAgainstAll() {
    offer(150);

    for (int other = 0; other < 5_000; other++) {
      near.invalidatedTag(1, "category/other:" + other, at(160 + other));
    }

    assertThat(isKept()).isFalse();
  }

  private void offer(long vouching) {
    near.offer(0, KEY, new Found<>(Optional.of("value"), at(vouching), TAGS));
  }

  private boolean isKept() {
    return near.find(KEY, TAGS).isPresent();
  }

  private static Position at(long lsn) {
    return new Position(1, lsn);
  }

  private static Watermark mark(long lsn) {
    return new Watermark(at(lsn), lsn, Instant.EPOCH);
  }
}
