package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static dev.hearth.warmer.run.RealRuns.ended;
import static dev.hearth.warmer.run.RealRuns.submit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import dev.hearth.store.CacheKey;
import dev.hearth.store.ReadOutcome;
import dev.hearth.warmer.RealServers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runs against a real PostgreSQL, Redis and Kafka. */
class RealWarmupTest {
  private static final String DATABASE = "real_warmup";

  private RealRuns runs;

  @BeforeEach
  void open() {
    runs = new RealRuns(DATABASE, Duration.ofSeconds(5));
  }

  @AfterEach
  void close() {
    runs.close();
  }

  @Test
  void warmsAThousandKeysAndPublishesItsProgress() {
    try (KafkaRunJournal journal = runs.journal();
        WarmupRunner runner = runner(journal, keys -> {})) {
      runner.start();

      WarmupRun ended = ended(runner, submit(runner, 1_000));

      assertThat(ended.state()).isEqualTo(State.DONE);
      assertThat(ended.progress()).isEqualTo(new Progress(1_000, 1_000, 0, 0, 0, 0, 0));
      assertThat(value(42)).contains("{\"id\":42,\"name\":\"old 42\"}");
      eventually(journal::read, runs -> assertThat(runs).containsExactly(ended));
    }
  }

  @Test
  void losesExactlyTheLeaseThatAChangeTookBetweenLeasesAndFillsAndLeavesNoOldValue() {
    try (KafkaRunJournal journal = runs.journal();
        WarmupRunner runner =
            runner(
                journal,
                keys -> {
                  // The batch was read; now a change commits, and is applied before the fills.
                  RealServers.sql(DATABASE, "update product set name = 'new' where id = 17");
                  runs.redis.invalidate("product", runs.key(17));
                })) {
      runner.start();

      WarmupRun ended = ended(runner, submit(runner, 100));

      assertThat(ended.progress()).isEqualTo(new Progress(100, 99, 0, 1, 0, 0, 0));
      assertThat(read(17)).isInstanceOf(ReadOutcome.Granted.class);
      assertThat(value(16)).contains("{\"id\":16,\"name\":\"old 16\"}");
    }
  }

  @Test
  void fillsTheNewValueWhereTheChangeWasAppliedBeforeTheLeases() {
    try (KafkaRunJournal journal = runs.journal();
        WarmupRunner runner = runner(journal, keys -> {})) {
      runner.start();
      ended(runner, submit(runner, 20));
      RealServers.sql(DATABASE, "update product set name = 'new' where id = 17");
      runs.redis.invalidate("product", runs.key(17));

      WarmupRun again = ended(runner, submit(runner, 20));

      assertThat(again.progress()).isEqualTo(new Progress(20, 1, 19, 0, 0, 0, 0));
      assertThat(value(17)).contains("{\"id\":17,\"name\":\"new\"}");
    }
  }

  @Test
  void fillsNegativeEntriesForKeysWithoutRow() {
    try (KafkaRunJournal journal = runs.journal();
        WarmupRunner runner = runner(journal, keys -> {})) {
      runner.start();

      WarmupRun ended = ended(runner, submit(runner, 1_003));

      assertThat(ended.progress()).isEqualTo(new Progress(1_003, 1_000, 0, 0, 0, 3, 0));
      assertThat(read(1_002))
          .isInstanceOfSatisfying(
              ReadOutcome.Hit.class, hit -> assertThat(hit.value().isAbsent()).isTrue());
    }
  }

  @Test
  void takesUpARunThatARestartInterrupted() {
    try (KafkaRunJournal journal = runs.journal()) {
      WarmupRun left =
          WarmupRun.queued(
                  "left-behind",
                  WarmupRequest.hottest("product", 50, "http"),
                  Clock.systemUTC().instant())
              .taken("before", Clock.systemUTC().instant())
              .with(new Progress(50, 10, 0, 0, 0, 0, 0), Cost.NONE);
      journal.publish(left).toCompletableFuture().join();
    }

    try (KafkaRunJournal journal = runs.journal();
        WarmupRunner runner = runner(journal, keys -> {})) {
      runner.start();

      assertThat(ended(runner, "left-behind").progress())
          .isEqualTo(new Progress(50, 50, 0, 0, 0, 0, 0));
    }
  }

  private WarmupRunner runner(RunJournal journal, Consumer<List<String>> afterLoad) {
    return runs.runner(journal, () -> true, List.of(), RunnerSettings.defaults(), afterLoad);
  }

  private ReadOutcome read(int id) {
    return runs.redis
        .store()
        .get(new CacheKey("product", runs.key(id)))
        .toCompletableFuture()
        .join();
  }

  private Optional<String> value(int id) {
    return read(id) instanceof ReadOutcome.Hit hit
        ? hit.value().bytes().map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        : Optional.empty();
  }
}
