package dev.hearth.warmer.trigger;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.RealServers;
import dev.hearth.warmer.trigger.Claims.Outcome;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class KafkaClaimsTest {
  private final Topics topics = new Topics("claims-" + UUID.randomUUID());

  @Test
  void whatCouldNotBeToldIsToldLaterAndOnce() {
    RealServers.createTopics(topics);
    try (KafkaClaims claims = claims(Duration.ofMillis(200));
        KafkaClaims other = claims(Duration.ofSeconds(15))) {
      // Nothing is followed yet, so that nobody can say who is first.
      assertThat(claims.claim("a")).isEqualTo(Outcome.UNKNOWN);
      assertThat(claims.claim("a")).isEqualTo(Outcome.UNKNOWN);
      claims.start();
      other.start();

      // Now it can; the claim was written, or is written with this one.
      Outcome outcome =
          eventually(
              () -> claims.claim("a"), told -> assertThat(told).isNotEqualTo(Outcome.UNKNOWN));

      assertThat(outcome).isEqualTo(Outcome.FIRST);
      assertThat(claims.claim("a")).isEqualTo(Outcome.TAKEN);
      assertThat(other.claim("a")).isEqualTo(Outcome.TAKEN);
    }
  }

  private KafkaClaims claims(Duration longest) {
    return new KafkaClaims(
        topics.triggerClaims(), RealServers.kafka(), Clock.systemUTC(), () -> {}, longest);
  }
}
