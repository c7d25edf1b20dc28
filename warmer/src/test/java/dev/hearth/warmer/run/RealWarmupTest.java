package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import dev.hearth.store.CacheKey;
import dev.hearth.store.ReadOutcome;
import dev.hearth.warmer.RealServers;
import dev.hearth.warmer.RedisFixture;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.ReadPool;
import dev.hearth.warmer.load.RowLoader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runs against a real PostgreSQL, Redis and Kafka. */
class RealWarmupTest {
  private static final String DATABASE = "real_warmup";

  private final String prefix = "run-" + UUID.randomUUID();
  private final Topics topics = new Topics(prefix);
  private final Metrics metrics = new Metrics("test");
  private final KeyTemplate template = KeyTemplate.parse(prefix + ":{id}");
  private RedisFixture redis;
  private HikariDataSource primary;

  @BeforeEach
  void open() {
    RealServers.createTopics(topics);
    RealServers.sql(
        DATABASE,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'old ' || i from generate_series(0, 999) i");
    redis = new RedisFixture(prefix);
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(DATABASE),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            4,
            Duration.ofSeconds(5));
  }

  @AfterEach
  void close() {
    primary.close();
    redis.close();
    metrics.close();
  }

  @Test
  void warmsAThousandKeysAndPublishesItsProgress() {
    try (KafkaRunJournal journal = new KafkaRunJournal(topics.warmups(), RealServers.kafka());
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
    try (KafkaRunJournal journal = new KafkaRunJournal(topics.warmups(), RealServers.kafka());
        WarmupRunner runner =
            runner(
                journal,
                keys -> {
                  // The batch was read; now a change commits, and is applied before the fills.
                  RealServers.sql(DATABASE, "update product set name = 'new' where id = 17");
                  redis.invalidate("product", key(17));
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
    try (KafkaRunJournal journal = new KafkaRunJournal(topics.warmups(), RealServers.kafka());
        WarmupRunner runner = runner(journal, keys -> {})) {
      runner.start();
      ended(runner, submit(runner, 20));
      RealServers.sql(DATABASE, "update product set name = 'new' where id = 17");
      redis.invalidate("product", key(17));

      WarmupRun again = ended(runner, submit(runner, 20));

      assertThat(again.progress()).isEqualTo(new Progress(20, 1, 19, 0, 0, 0, 0));
      assertThat(value(17)).contains("{\"id\":17,\"name\":\"new\"}");
    }
  }

  @Test
  void fillsNegativeEntriesForKeysWithoutRow() {
    try (KafkaRunJournal journal = new KafkaRunJournal(topics.warmups(), RealServers.kafka());
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
    try (KafkaRunJournal journal = new KafkaRunJournal(topics.warmups(), RealServers.kafka())) {
      WarmupRun left =
          WarmupRun.queued(
                  "left-behind",
                  WarmupRequest.hottest("product", 50, "http"),
                  Clock.systemUTC().instant())
              .taken("before", Clock.systemUTC().instant())
              .with(new Progress(50, 10, 0, 0, 0, 0, 0), Cost.NONE);
      journal.publish(left).toCompletableFuture().join();
    }

    try (KafkaRunJournal journal = new KafkaRunJournal(topics.warmups(), RealServers.kafka());
        WarmupRunner runner = runner(journal, keys -> {})) {
      runner.start();

      assertThat(ended(runner, "left-behind").progress())
          .isEqualTo(new Progress(50, 50, 0, 0, 0, 0, 0));
    }
  }

  private WarmupRunner runner(RunJournal journal, Consumer<List<String>> afterLoad) {
    RowLoader rows =
        new RowLoader(
            primary,
            LoadQuery.parse("select id, name from product where id = any(:id)", template),
            template);
    BatchLoader loader =
        (keys, floor) -> {
          LoadedBatch batch = rows.load(keys);
          afterLoad.accept(keys);
          return new BatchLoader.Loaded(batch.found(), batch.absent());
        };
    return new WarmupRunner(
        List.of(
            new WarmableCache(
                "product", Duration.ofHours(1), List.of(redis.store()), Optional.of(loader))),
        request -> RunPlan.of(IntStream.range(0, request.top()).mapToObj(this::key).toList()),
        journal,
        () -> true,
        new Pauses(new MemoryPauses(), Clock.systemUTC()),
        List.of(),
        (cache, since) -> HitRatio.NONE,
        RunnerSettings.defaults(),
        metrics,
        // Topics carry microseconds.
        Clock.tick(Clock.systemUTC(), Duration.ofMillis(1)),
        new Random(1),
        () -> UUID.randomUUID().toString(),
        () -> {});
  }

  private String key(int id) {
    return prefix + ":" + id;
  }

  private ReadOutcome read(int id) {
    return redis.store().get(new CacheKey("product", key(id))).toCompletableFuture().join();
  }

  private Optional<String> value(int id) {
    return read(id) instanceof ReadOutcome.Hit hit
        ? hit.value().bytes().map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        : Optional.empty();
  }

  private static String submit(WarmupRunner runner, int top) {
    return ((Submission.Accepted) runner.submit(WarmupRequest.hottest("product", top, "http")))
        .run()
        .id();
  }

  private static WarmupRun ended(WarmupRunner runner, String id) {
    return eventually(
            () -> runner.find(id),
            run ->
                assertThat(run).hasValueSatisfying(it -> assertThat(it.state().ended()).isTrue()))
        .orElseThrow();
  }
}
