package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.TriggerClaim;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClaimBookTest {
  private static final Instant AT = Instant.parse("2026-11-23T18:00:00Z");

  private final ClaimBook book = new ClaimBook();

  @Test
  void theFirstHolds() {
    book.take(claim("a", "one", AT));
    book.take(claim("a", "two", AT.minusSeconds(5)));
    // A producer may send again.
    book.take(claim("a", "one", AT));

    assertThat(book.holderOf("a")).contains("one");
    assertThat(book.holderOf("b")).isEmpty();
  }

  @Test
  void onlyItsHolderGivesItBack() {
    book.take(claim("a", "one", AT));
    book.take(new TriggerClaim("a", "two", AT, true));
    assertThat(book.holderOf("a")).contains("one");

    book.take(new TriggerClaim("a", "one", AT, true));
    assertThat(book.holderOf("a")).isEmpty();

    book.take(claim("a", "two", AT));
    assertThat(book.holderOf("a")).contains("two");
  }

  @Test
  void isBoundedByADay() {
    for (int hour = 0; hour < 100; hour++) {
      book.take(claim("at " + hour, "one", AT.plus(Duration.ofHours(hour))));
    }

    assertThat(book.size()).isEqualTo(25);
    assertThat(book.holderOf("at 75")).contains("one");
    assertThat(book.holderOf("at 74")).isEmpty();
  }

  private static TriggerClaim claim(String trigger, String claimant, Instant at) {
    return new TriggerClaim(trigger, claimant, at, false);
  }
}
