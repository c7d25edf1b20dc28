package dev.hearth.warmer;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metric;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that loses what it held, against real servers. */
class ColdStoreTest {
  private static RunningWarmer running;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    running = RunningWarmer.withTriggers(directory, true);
  }

  @AfterAll
  static void stop() throws Exception {
    running.close();
  }

  @Test
  void aFlushedStoreIsWarmAgainWithoutAnyoneAsking() {
    // The watch has seen the store as it is: a plan was started for the empty one, or not.
    running.empty();
    eventually(
        () -> running.redis.store().keys("product", running.prefix + ":probe:").count(),
        probes -> assertThat(probes).isEqualTo(16));

    try (RedisClient client = RedisClient.create(RealServers.get().redis().uri());
        StatefulRedisConnection<String, String> redis = client.connect()) {
      redis.sync().flushall();
    }
    double before = started();
    running.redis.reborn();

    eventually(ColdStoreTest::started, count -> assertThat(count).isGreaterThan(before));
    running.awaitWarm();
  }

  private static double started() {
    return running.metrics.counter(Metric.TRIGGERS, "cold_store", "started").count();
  }
}
