package dev.hearth.chassis.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HealthTest {

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1);
  private final Health health = new Health(now::get);

  @Test
  void livesWhileEveryLoopTurnsWithinItsBound() {
    Heartbeat delivery = health.heartbeat("delivery-redis", Duration.ofSeconds(10));

    pass(Duration.ofSeconds(10));
    assertThat(health.live().fine()).isTrue();
    delivery.beat();
    pass(Duration.ofSeconds(10));

    assertThat(health.live())
        .isEqualTo(Health.Report.of(List.of(new Check("delivery-redis", true, "turning"))));
  }

  @Test
  void diesWhenALoopIsSilentLongerThanItsBound() {
    health.heartbeat("capture", Duration.ofSeconds(60));
    health.heartbeat("delivery-redis", Duration.ofSeconds(10));

    pass(Duration.ofMillis(10_001));

    assertThat(health.live().fine()).isFalse();
    assertThat(health.live().failed())
        .containsExactly(
            new Check(
                "delivery-redis",
                false,
                "no turn for 10001 ms; at least one in 10000 ms is expected"));
  }

  @Test
  void forgetsALoopThatEndedOnPurpose() {
    Heartbeat run = health.heartbeat("warm-up", Duration.ofSeconds(1));

    run.close();
    pass(Duration.ofHours(1));

    assertThat(health.live().fine()).isTrue();
  }

  @Test
  void keepsWatchingALoopThatStartedAgainWhenTheFormerOneCloses() {
    Heartbeat former = health.heartbeat("delivery", Duration.ofSeconds(1));
    health.heartbeat("delivery", Duration.ofSeconds(1));

    former.close();
    pass(Duration.ofSeconds(2));

    assertThat(health.live().fine()).isFalse();
  }

  @Test
  void isNotReadyWhileOneCheckIsNotAndLivesOn() {
    health.readiness("kafka", () -> Readiness.ready("connected"));
    health.readiness("postgres", () -> Readiness.notReady("db:5432 refuses; start it"));

    assertThat(health.live().fine()).isTrue();
    assertThat(health.ready().fine()).isFalse();
    assertThat(health.ready().failed())
        .containsExactly(new Check("postgres", false, "db:5432 refuses; start it"));
  }

  @Test
  void countsACheckThatThrowsAsNotReady() {
    health.readiness(
        "redis",
        () -> {
          throw new IllegalStateException("hunter2");
        });

    assertThat(health.ready().failed())
        .containsExactly(
            new Check("redis", false, "the check itself failed: java.lang.IllegalStateException"));
  }

  @Test
  void refusesABoundThatNoLoopCanMeet() {
    assertThatThrownBy(() -> health.heartbeat("capture", Duration.ZERO))
        .hasMessage("capture: bound PT0S; expected more than zero");
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }
}
