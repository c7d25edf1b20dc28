package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;

/** A runner on stores, journals and a claim in memory, which the test plays with. */
class RunnerFixture {
  static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
  static final RunnerSettings SETTINGS =
      new RunnerSettings(10, 4, 2, 3, Duration.ofSeconds(5), Duration.ZERO);

  final Metrics metrics = new Metrics("test");
  final MemoryStore redis = new MemoryStore("redis");
  final MemoryStore hazelcast = new MemoryStore("hazelcast");
  final MemoryPauses pauseJournal = new MemoryPauses();
  final MemoryJournal journal = new MemoryJournal();
  final List<StartCondition> conditions = new CopyOnWriteArrayList<>();
  volatile Optional<RunPlan> plan = Optional.empty();
  final AtomicBoolean claimed = new AtomicBoolean(true);
  volatile HitRatio hitRatio = HitRatio.NONE;
  final AtomicInteger ids = new AtomicInteger();
  private final List<WarmupRunner> runners = new ArrayList<>();

  @AfterEach
  void stop() {
    runners.forEach(WarmupRunner::close);
    metrics.close();
  }

  WarmupRunner runner(List<FencedStore> stores, BatchLoader loader, Clock clock) {
    return runner(
        List.of(cache(stores, loader)),
        new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC)),
        clock);
  }

  static BatchLoader held(CountDownLatch loading, CountDownLatch goOn) {
    return (keys, floor) -> {
      loading.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return values(keys, floor);
    };
  }

  WarmupRunner runner(List<FencedStore> stores, BatchLoader loader) {
    return runner(List.of(cache(stores, loader)));
  }

  WarmupRunner runner(List<WarmableCache> caches) {
    return runner(caches, new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC)));
  }

  WarmupRunner runner(List<WarmableCache> caches, Pauses pauses) {
    return runner(caches, pauses, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  WarmupRunner runner(List<WarmableCache> caches, Pauses pauses, Clock clock) {
    WarmupRunner runner =
        new WarmupRunner(
            caches,
            request ->
                plan.orElseGet(
                    () ->
                        RunPlan.of(
                            IntStream.range(0, request.top())
                                .mapToObj(i -> request.cache() + ":" + i)
                                .toList())),
            journal,
            claimed::get,
            pauses,
            conditions,
            (cache, since) -> hitRatio,
            SETTINGS,
            metrics,
            clock,
            new Random(1),
            () -> "run-" + ids.incrementAndGet(),
            () -> {});
    runners.add(runner);
    return runner;
  }

  static WarmableCache cache(List<FencedStore> stores, BatchLoader loader) {
    return new WarmableCache("product", Duration.ofHours(1), stores, Optional.of(loader))
        .sparing(SETTINGS);
  }

  static BatchLoader.Loaded values(List<String> keys, Position floor) {
    Map<String, byte[]> values = new HashMap<>();
    keys.forEach(key -> values.put(key, key.getBytes(StandardCharsets.UTF_8)));
    return new BatchLoader.Loaded(values, Set.of());
  }

  static Value value(String key) {
    return Value.of(key.getBytes(StandardCharsets.UTF_8));
  }

  static CacheKey key(String key) {
    return new CacheKey("product", key);
  }

  static WarmupRun accepted(Submission submission) {
    assertThat(submission).isInstanceOf(Submission.Accepted.class);
    return ((Submission.Accepted) submission).run();
  }

  static WarmupRun ended(WarmupRunner runner, String id) {
    return eventually(
            () -> runner.find(id),
            run ->
                assertThat(run).hasValueSatisfying(it -> assertThat(it.state().ended()).isTrue()))
        .orElseThrow();
  }
}
