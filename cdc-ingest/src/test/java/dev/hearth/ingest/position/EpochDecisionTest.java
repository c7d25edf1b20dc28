package dev.hearth.ingest.position;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EpochDecisionTest {
  private static final Instant BOOT = Instant.parse("2026-01-01T00:00:00Z");
  private static final SourceIdentity IDENTITY =
      new SourceIdentity("7000", 1, "shop", 0, "16400 740", BOOT);
  private static final Optional<EpochRaised> LAST =
      Optional.of(
          new EpochRaised(
              "shop",
              new Position(5, 100),
              new SourceIdentity("7000", 1, "shop", 90, "16400 740", BOOT),
              true,
              "first",
              Instant.EPOCH));
  private static final Optional<Position> PUBLISHED = Optional.of(new Position(5, 200));

  @Test
  void keepsTheEpochWhereTheSlotStandsAtOrBeforeWhatWasPublished() {
    assertThat(decide(source(IDENTITY, false, 199), LAST, PUBLISHED))
        .isEqualTo(new EpochDecision.Keep(5));
    assertThat(decide(source(IDENTITY, false, 200), LAST, PUBLISHED))
        .isEqualTo(new EpochDecision.Keep(5));
  }

  @Test
  void raisesOneAtTheFirstStart() {
    assertThat(decide(source(IDENTITY, false, 200), Optional.empty(), Optional.empty()))
        .isEqualTo(new EpochDecision.Raise("first start with slot shop"));
  }

  @Test
  void raisesOneForAnotherDatabase() {
    SourceIdentity other = new SourceIdentity("7001", 1, "shop", 0, "16400 740", BOOT);

    assertThat(decide(source(other, false, 200), LAST, PUBLISHED))
        .isEqualTo(
            new EpochDecision.Raise("another database: system identifier was 7000, is 7001"));
  }

  @Test
  void raisesOneForAnotherTimeline() {
    SourceIdentity promoted = new SourceIdentity("7000", 2, "shop", 0, "16400 740", BOOT);

    assertThat(decide(source(promoted, false, 200), LAST, PUBLISHED))
        .isEqualTo(
            new EpochDecision.Raise("the timeline changed from 1 to 2: a failover or a restore"));
  }

  @Test
  void raisesOneForAnotherSlot() {
    SourceIdentity other = new SourceIdentity("7000", 1, "store", 0, "16400 740", BOOT);

    assertThat(decide(source(other, false, 200), LAST, PUBLISHED))
        .isEqualTo(new EpochDecision.Raise("the slot was shop, is store"));
  }

  @Test
  void raisesOneWhereTheSlotHadToBeCreatedAgain() {
    assertThat(decide(source(IDENTITY, true, 150), LAST, PUBLISHED))
        .isEqualTo(new EpochDecision.Raise("slot shop was gone and has been created again"));
  }

  @Test
  void raisesOneWhereNoWatermarkOfTheEpochIsLeft() {
    EpochDecision expected =
        new EpochDecision.Raise("the changes topic holds no watermark of epoch 5");

    assertThat(decide(source(IDENTITY, false, 200), LAST, Optional.empty())).isEqualTo(expected);
    assertThat(decide(source(IDENTITY, false, 200), LAST, Optional.of(new Position(4, 999))))
        .isEqualTo(expected);
  }

  @Test
  void raisesOneWhereTheSlotStandsBeyondWhatWasPublished() {
    assertThat(decide(source(IDENTITY, false, 201), LAST, PUBLISHED))
        .isEqualTo(
            new EpochDecision.Raise(
                "slot shop stands at 5:0/C9, beyond what was published, 5:0/C8: somebody advanced"
                    + " or recreated it"));
  }

  @Test
  void raisesOneWhereThePublicationIsNotTheSame() {
    SourceIdentity other = new SourceIdentity("7000", 1, "shop", 0, "16400 741", BOOT);

    assertThat(decide(source(other, false, 200), LAST, PUBLISHED))
        .isEqualTo(
            new EpochDecision.Raise(
                "the publication was changed or created again: it may have left out changes"));
  }

  @Test
  void raisesOneAfterACrash() {
    SourceIdentity crashed =
        new SourceIdentity("7000", 1, "shop", 0, "16400 740", BOOT.plusSeconds(60));

    assertThat(decide(source(crashed, false, 200), LAST, PUBLISHED))
        .isEqualTo(
            new EpochDecision.Raise(
                "the server has no statistics from before 2026-01-01T00:01:00Z: it crashed, and"
                    + " what was committed asynchronously may have been read and then lost"));
  }

  @Test
  void raisesOneWhereTheLogEndsBeforeWhatWasPublished() {
    assertThat(decide(new EpochDecision.Source(IDENTITY, false, 150, 199), LAST, PUBLISHED))
        .isEqualTo(
            new EpochDecision.Raise(
                "the log ends at 5:0/C7, before what was published, 5:0/C8: the database was"
                    + " restored"));
  }

  @Test
  void comparesLsnsAsUnsignedNumbers() {
    assertThat(decide(source(IDENTITY, false, -1), LAST, PUBLISHED))
        .isInstanceOf(EpochDecision.Raise.class);
  }

  private static EpochDecision.Source source(
      SourceIdentity identity, boolean slotCreatedNow, long confirmedFlushLsn) {
    return new EpochDecision.Source(identity, slotCreatedNow, confirmedFlushLsn, -1);
  }

  private static EpochDecision decide(
      EpochDecision.Source source, Optional<EpochRaised> last, Optional<Position> published) {
    return EpochDecision.decide(source, last, published);
  }
}
