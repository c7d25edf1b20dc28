package dev.hearth.schemas.warmup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.warmup.WarmupRequest.Budget;
import dev.hearth.schemas.warmup.WarmupRequest.Order;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which request makes another needless, and which record of a run counts. */
class WarmupRequestTest {
  private static final Instant AT = Instant.parse("2026-11-23T08:00:00Z");

  @ParameterizedTest
  @CsvSource({
    // running: top, keys, seconds, share, until; asked: the same; covered
    "10, , , , , 10, , , , , true",
    "10, , , , , 9, , , , , true",
    "10, , , , , 11, , , , , false",
    "10, 5, , , , 10, 5, , , , true",
    "10, 5, , , , 10, 6, , , , false",
    "10, 5, , , , 10, , , , , false",
    "10, , , , , 10, 6, 60, 0.1, 0.9, true",
    "10, , 60, , , 10, , 30, , , true",
    "10, , 30, , , 10, , 60, , , false",
    "10, , , 0.5, , 10, , , 0.6, , false",
    "10, , , , 0.9, 10, , , , 0.8, true",
    "10, , , , 0.8, 10, , , , 0.9, false",
    "10, , , , 0.8, 10, , , , , false"
  })
  void coversWhatAsksForNoMore(
      int top,
      @Nullable Integer keys,
      @Nullable Integer seconds,
      @Nullable Double share,
      @Nullable Double until,
      int askedTop,
      @Nullable Integer askedKeys,
      @Nullable Integer askedSeconds,
      @Nullable Double askedShare,
      @Nullable Double askedUntil,
      boolean covered) {
    WarmupRequest running = request("product", Order.READS, top, keys, seconds, share, until);
    WarmupRequest asked =
        request("product", Order.READS, askedTop, askedKeys, askedSeconds, askedShare, askedUntil);

    assertThat(running.covers(asked)).isEqualTo(covered);
  }

  @Test
  void doesNotCoverAnotherCacheOrOrder() {
    WarmupRequest running = WarmupRequest.hottest("product", 10, "http");

    assertThat(running.covers(WarmupRequest.hottest("page", 10, "http"))).isFalse();
    assertThat(running.covers(request("product", Order.WEIGHT, 10, null, null, null, null)))
        .isFalse();
    assertThat(running.covers(WarmupRequest.hottest("product", 10, "deploy"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 1.1, Double.NaN, Double.POSITIVE_INFINITY})
  void refusesSharesThatAreNone(double share) {
    assertThatThrownBy(() -> request("product", Order.READS, 1, null, null, share, null))
        .hasMessageContaining("databaseShare is " + share + "; expected a number above 0, up to 1");
    assertThatThrownBy(() -> request("product", Order.READS, 1, null, null, null, share))
        .hasMessageContaining("until is " + share);
  }

  @Test
  void refusesBudgetsOfNothing() {
    assertThatThrownBy(() -> WarmupRequest.hottest("product", 0, "http"))
        .hasMessage("top is 0; expected 1 or more");
    assertThatThrownBy(() -> request("product", Order.READS, 1, 0, null, null, null))
        .hasMessage("keys is 0; expected 1 or more");
    assertThatThrownBy(() -> request("product", Order.READS, 1, null, 0, null, null))
        .hasMessageStartingWith("time is PT0S; expected above zero");
  }

  @Test
  void ofTwoRecordsTheHigherTermCountsAndNothingFollowsUponAnEnd() {
    WarmupRun first =
        WarmupRun.queued("a", WarmupRequest.hottest("product", 1, "http"), AT).taken("one", AT);
    WarmupRun second = first.taken("two", AT);
    WarmupRun done = second.ended(WarmupRun.State.DONE, AT, Optional.empty());

    assertThat(first.yieldsTo(second)).isTrue();
    assertThat(first.yieldsTo(first.waitingFor("memory"))).isTrue();
    assertThat(second.yieldsTo(first)).isFalse();
    assertThat(second.yieldsTo(done)).isTrue();
    assertThat(done.yieldsTo(done.taken("three", AT))).isFalse();
  }

  private static WarmupRequest request(
      String cache, Order by, int top, Integer keys, Integer seconds, Double share, Double until) {
    return new WarmupRequest(
        cache,
        top,
        by,
        new Budget(
            Optional.ofNullable(keys),
            Optional.empty(),
            Optional.ofNullable(seconds).map(Duration::ofSeconds),
            Optional.ofNullable(share)),
        Optional.ofNullable(until),
        "http");
  }
}
