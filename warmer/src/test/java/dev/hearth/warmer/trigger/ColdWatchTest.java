package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.store.Era;
import dev.hearth.warmer.trigger.ColdWatch.Look;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ColdWatchTest {
  private static final Era ERA = new Era(1, 7, 0);
  private static final Look THERE = new Look(Optional.of(ERA), true);
  private static final Look GONE = new Look(Optional.of(ERA), false);
  private static final Look REBORN = new Look(Optional.of(new Era(1, 8, 0)), false);
  private static final Look SILENT = Look.NOTHING;

  private final ColdWatch watch = new ColdWatch("product", "redis", 2);
  private Instant now = Instant.parse("2026-11-23T18:00:00Z");

  @Test
  void aWarmStoreIsLeftAlone() {
    for (int i = 0; i < 100; i++) {
      assertThat(look(THERE, THERE)).isEmpty();
    }
  }

  @Test
  void entriesThatAreEvictedSayNothing() {
    look(THERE, THERE);

    for (int i = 0; i < 100; i++) {
      assertThat(look(GONE, i % 2 == 0 ? THERE : GONE)).isEmpty();
    }
  }

  @Test
  void aStoreThatLostItsMemoryIsToldOnceItIsBackAndQuiet() {
    look(THERE, THERE);

    assertThat(look(SILENT, SILENT)).isEmpty();
    assertThat(look(REBORN, SILENT)).isEmpty();
    assertThat(look(REBORN, REBORN)).isEmpty();
    assertThat(look(REBORN, REBORN)).isEmpty();
    assertThat(look(REBORN, REBORN)).contains("store redis lost its memory");
    for (int i = 0; i < 100; i++) {
      assertThat(look(REBORN, REBORN)).isEmpty();
    }
  }

  @Test
  void aNewEpochAndANewGenerationAreTold() {
    look(THERE, THERE);
    Look epoch = new Look(Optional.of(new Era(2, 7, 0)), false);
    Look generation = new Look(Optional.of(new Era(2, 7, 1)), false);

    assertThat(until(epoch, epoch)).isEqualTo("new epoch");
    assertThat(until(generation, generation)).isEqualTo("new generation of product");
  }

  @Test
  void aStoreWithNothingAtTheFirstLookIsCold() {
    assertThat(look(SILENT, GONE)).isEmpty();
    assertThat(look(GONE, GONE)).isEmpty();
    assertThat(look(THERE, THERE)).isEmpty();

    assertThat(look(THERE, THERE)).contains("store redis held nothing of it at the first look");
  }

  @Test
  void aStoreWithSomethingAtTheFirstLookIsNot() {
    for (int i = 0; i < 100; i++) {
      assertThat(look(GONE, THERE)).isEmpty();
    }
  }

  @Test
  void aNewMemberIsTold() {
    assertThat(watch.look(List.of(THERE, THERE), Set.of("a"), now)).isEmpty();
    // Away for a moment: a client that is not connected knows no members.
    assertThat(watch.look(List.of(THERE, THERE), Set.of(), now)).isEmpty();
    assertThat(watch.look(List.of(THERE, THERE), Set.of("a"), now)).isEmpty();
    assertThat(watch.look(List.of(THERE, THERE), Set.of("a", "b"), now)).isEmpty();

    assertThat(watch.look(List.of(THERE, THERE), Set.of("a", "b"), now.plusSeconds(2)))
        .contains("new member of store redis");
    assertThat(watch.look(List.of(THERE, THERE), Set.of("a"), now.plusSeconds(20))).isEmpty();
  }

  @Test
  void aPartThatStaysSilentHoldsUpTheOthersForAWhileOnly() {
    look(THERE, THERE);

    int looks = 0;
    while (look(REBORN, SILENT).isEmpty()) {
      looks++;
    }

    assertThat(looks).isBetween(29, 32);
  }

  @Test
  void aStoreThatFlapsIsToldEveryTenSecondsAtMost() {
    Random random = new Random(1);
    look(THERE, THERE);
    List<Instant> told = new ArrayList<>();

    for (int i = 0; i < 1_000; i++) {
      Look look = random.nextInt(5) == 0 ? new Look(Optional.of(new Era(1, i, 0)), false) : SILENT;
      Look other = random.nextBoolean() ? look : THERE;
      if (look(look, other).isPresent()) {
        told.add(now);
      }
    }

    assertThat(told).hasSizeGreaterThan(2);
    for (int i = 1; i < told.size(); i++) {
      assertThat(told.get(i)).isAfterOrEqualTo(told.get(i - 1).plusSeconds(10));
    }
  }

  @Test
  void whatCameToNothingIsToldAgain() {
    look(THERE, THERE);
    String reason = until(REBORN, REBORN);

    watch.again(reason, now);

    assertThat(until(REBORN, REBORN)).isEqualTo(reason);
  }

  private String until(Look... looks) {
    for (int i = 0; i < 60; i++) {
      Optional<String> reason = look(looks);
      if (reason.isPresent()) {
        return reason.get();
      }
    }
    throw new AssertionError("nothing was told within 60 looks");
  }

  /** One look, a second after the last one. */
  private Optional<String> look(Look... looks) {
    now = now.plusSeconds(1);
    return watch.look(List.of(looks), Set.of(), now);
  }
}
