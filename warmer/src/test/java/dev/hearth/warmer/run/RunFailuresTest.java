package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a run says where it could not do its work, and what it leaves alone then. */
class RunFailuresTest extends RunnerFixture {
  @Test
  void givesUpOnADatabaseThatFailsThriceInARowAndSaysWhy() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              loads.incrementAndGet();
              throw new IllegalStateException("load failed: the server is away");
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 500, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.FAILED);
    assertThat(ended.problem()).contains("load failed: the server is away");
    assertThat(ended.progress()).isEqualTo(new Progress(500, 0, 0, 0, 0, 0, 30));
    assertThat(loads).hasValue(3);
  }

  @Test
  void goesOnAfterASingleFailureAndMentionsIt() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              if (loads.incrementAndGet() == 2) {
                throw new IllegalStateException("load failed: statement timeout");
              }
              return values(keys, floor);
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 50, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(50, 40, 0, 0, 0, 0, 10));
    assertThat(ended.problem()).contains("load failed: statement timeout");
  }

  @Test
  void failsARunOfACacheWithoutLoadQueryWithASentence() {
    WarmupRunner runner =
        runner(
            List.of(
                new WarmableCache(
                    "page", Duration.ofMinutes(1), List.of(redis), Optional.empty())));
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("page", 5, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.FAILED);
    assertThat(ended.problem())
        .contains(
            "cache \"page\" has no load query, so nothing says how to read it; add"
                + " caches.page.load");
  }

  @Test
  void endsWithASentenceWhereNothingIsHot() {
    plan = Optional.of(RunPlan.of(List.of()));
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 1, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.problem().orElse(""))
        .startsWith("no key of cache \"product\" is known to be hot");
  }

  @Test
  void leavesALoadQueryThatFailedThriceAloneInTheNextRunToo() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              loads.incrementAndGet();
              throw new IllegalStateException("load failed: the server is away");
            });
    runner.start();
    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 500, "http"))).id());

    WarmupRun second =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 500, "http"))).id());

    assertThat(second.state()).isEqualTo(State.FAILED);
    assertThat(second.problem().orElse(""))
        .contains("the load query of cache \"product\" failed or was too slow 3 times in a row");
    assertThat(loads).hasValue(3);
  }

  @Test
  void leavesALoadQueryThatFailedThriceAloneInRefillsToo() throws Exception {
    AtomicInteger loads = new AtomicInteger();
    WarmableCache cache =
        cache(
            List.of(redis),
            (keys, floor) -> {
              loads.incrementAndGet();
              throw new IllegalStateException("load failed: the server is away");
            });
    Refills refills = new Refills(Duration.ofSeconds(5), 100, new Random(1));

    for (int i = 0; i < 5; i++) {
      assertThat(refills.fill(cache, List.of("product:" + i)).failed()).isEqualTo(1);
    }

    assertThat(loads).hasValue(3);
  }

  @Test
  void leavesALoadQueryThatIsTooSlowAlone() {
    AtomicInteger loads = new AtomicInteger();
    LoadBreaker breaker =
        new LoadBreaker(
            "product",
            (keys, floor) -> {
              loads.incrementAndGet();
              return values(keys, floor);
            },
            Duration.ofNanos(1),
            Duration.ofMinutes(5));
    List<String> keys = List.of("product:1");

    for (int i = 0; i < 3; i++) {
      assertThat(breaker.load(keys, Position.NONE).found()).hasSize(1);
    }

    assertThatThrownBy(() -> breaker.load(keys, Position.NONE))
        .hasMessageContaining("is not asked for 300000 ms");
    assertThat(loads).hasValue(3);
  }
}
