package dev.hearth.warmer.trigger;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.CronSchedule;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.RealServers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Schedules of two instances, claimed on a real Kafka, by a clock of the test. */
class SchedulesTest {
  private static final Instant SIX = Instant.parse("2026-11-23T06:00:00Z");

  private final Topics topics = new Topics("schedules-" + UUID.randomUUID());
  private final Metrics metrics = new Metrics("test");
  private final RecordingPlans plans = new RecordingPlans();
  private final SetClock clock = new SetClock(SIX.minusSeconds(10));

  @Test
  void eachTimeStartsItsPlanOnOneInstance() {
    RealServers.createTopics(topics);
    try (KafkaClaims one = claims();
        KafkaClaims two = claims();
        Schedules first = schedules(one);
        Schedules second = schedules(two)) {
      first.start();
      second.start();

      for (int day = 0; day < 3; day++) {
        clock.now = SIX.plus(Duration.ofDays(day));
        int so = day + 1;
        eventually(() -> count("started"), started -> assertThat(started).isEqualTo(so));
        eventually(() -> count("elsewhere"), others -> assertThat(others).isEqualTo(so));
      }

      assertThat(plans.started)
          .containsExactly(
              "nightly by schedule nightly",
              "nightly by schedule nightly",
              "nightly by schedule nightly");
    }
  }

  @Test
  void whatIsRefusedIsAskedAgainWhileItIsTime() {
    RealServers.createTopics(topics);
    plans.refusing = true;
    try (KafkaClaims claims = claims();
        Schedules schedules = schedules(claims)) {
      schedules.start();
      clock.now = SIX;
      eventually(() -> count("refused"), refused -> assertThat(refused).isGreaterThan(1));

      plans.refusing = false;

      eventually(
          () -> plans.started,
          started -> assertThat(started).containsExactly("nightly by schedule nightly"));
    }
  }

  private KafkaClaims claims() {
    KafkaClaims claims =
        new KafkaClaims(topics.triggerClaims(), RealServers.kafka(), clock, () -> {});
    claims.start();
    return claims;
  }

  private Schedules schedules(KafkaClaims claims) {
    return new Schedules(
        Map.of("nightly", CronSchedule.parse("0 6 * * *", "UTC")),
        plans,
        claims,
        metrics,
        clock,
        Duration.ofMillis(20),
        () -> {});
  }

  private double count(String outcome) {
    return metrics.counter(Metric.TRIGGERS, "schedule", outcome).count();
  }

  private static final class SetClock extends Clock {
    private volatile Instant now;

    private SetClock(Instant now) {
      this.now = now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
