package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.warmer.RealServers;
import dev.hearth.warmer.RedisFixture;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.ReadPool;
import dev.hearth.warmer.load.RowLoader;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A thousand products in a real PostgreSQL, and runners that fill a real Redis with them. */
final class RealRuns implements AutoCloseable {
  static final int ROWS = 1_000;

  final String prefix;
  final Topics topics;
  final RedisFixture redis;
  private final Metrics metrics = new Metrics("test");
  private final KeyTemplate template;
  private final HikariDataSource primary;

  /**
   * @param name of the database, no other test's
   * @param statementTimeout longest run of one load query
   */
  RealRuns(String name, Duration statementTimeout) {
    prefix = name + "-" + UUID.randomUUID();
    topics = new Topics(prefix);
    template = KeyTemplate.parse(prefix + ":{id}");
    RealServers.createTopics(topics);
    RealServers.sql(
        name,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'old ' || i from generate_series(0, " + (ROWS - 1) + ") i");
    redis = new RedisFixture(prefix);
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(name),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            4,
            statementTimeout);
  }

  KafkaRunJournal journal() {
    return new KafkaRunJournal(topics.warmups(), RealServers.kafka());
  }

  /**
   * A runner, not started, that warms the products from 0 on.
   *
   * @param afterLoad called with the keys of a batch between its query and its fills
   */
  WarmupRunner runner(
      RunJournal journal,
      RunClaim claim,
      List<StartCondition> conditions,
      RunnerSettings settings,
      Consumer<List<String>> afterLoad) {
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
        claim,
        new Pauses(new MemoryPauses(), Clock.systemUTC()),
        conditions,
        (cache, since) -> HitRatio.NONE,
        settings,
        metrics,
        // Topics carry microseconds.
        Clock.tick(Clock.systemUTC(), Duration.ofMillis(1)),
        new Random(1),
        () -> UUID.randomUUID().toString(),
        () -> {});
  }

  String key(int id) {
    return prefix + ":" + id;
  }

  static String submit(WarmupRunner runner, int top) {
    return ((Submission.Accepted) runner.submit(WarmupRequest.hottest("product", top, "http")))
        .run()
        .id();
  }

  static WarmupRun ended(WarmupRunner runner, String id) {
    return eventually(
            () -> runner.find(id).filter(run -> run.state().ended()),
            run -> assertThat(run).isPresent())
        .orElseThrow();
  }

  @Override
  public void close() {
    primary.close();
    redis.close();
    metrics.close();
  }
}
