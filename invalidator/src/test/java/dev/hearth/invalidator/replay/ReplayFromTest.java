package dev.hearth.invalidator.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplayFromTest {
  @Test
  void readsPositionsAsTheyArePrinted() {
    for (Position position :
        List.of(
            Position.NONE,
            new Position(3, 0x16_B374_D848L),
            new Position(1_795_448_117_303L, 0xFFFF_FFFF_FFFF_FFFFL))) {
      assertThat(ReplayFrom.parse(position.toString())).contains(new ReplayFrom.At(position));
    }
  }

  @Test
  void readsTimesWithTheirZone() {
    assertThat(ReplayFrom.parse("2026-05-01T14:00:00+02:00"))
        .contains(new ReplayFrom.Time(Instant.parse("2026-05-01T12:00:00Z")));
  }

  @Test
  void takesNothingElse() {
    for (String text : List.of("", "2h", "3:16", "16/B374D848", "3:16/B374D8488", "2026-05-01")) {
      assertThat(ReplayFrom.parse(text)).as(text).isEmpty();
    }
  }
}
