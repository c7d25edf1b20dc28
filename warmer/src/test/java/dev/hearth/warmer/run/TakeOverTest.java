package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
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
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two instances, one of which ends in the middle of a run, on real servers. */
class TakeOverTest {
  private static final String DATABASE = "take_over";
  private static final int KEYS = 1_000;
  private static final RunnerSettings SETTINGS =
      new RunnerSettings(
          100,
          4,
          16,
          100,
          Duration.ofSeconds(20),
          Duration.ZERO,
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          Duration.ofSeconds(6));

  private final String prefix = "take-over-" + UUID.randomUUID();
  private final Topics topics = new Topics(prefix);
  private final Metrics metrics = new Metrics("test");
  private final KeyTemplate template = KeyTemplate.parse(prefix + ":{id}");
  private final AtomicBoolean held = new AtomicBoolean(true);
  private RedisFixture redis;
  private HikariDataSource primary;

  @BeforeEach
  void open() {
    RealServers.createTopics(topics);
    RealServers.sql(
        DATABASE,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'product ' || i from generate_series(0, 999) i");
    redis = new RedisFixture(prefix);
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(DATABASE),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            4,
            Duration.ofSeconds(20));
  }

  @AfterEach
  void close() {
    primary.close();
    redis.close();
    metrics.close();
  }

  @Test
  void finishesWhatAKilledInstanceLeftInTheMiddleWithItsOwnCounts() {
    Instance first = new Instance(true);
    String id = first.submit();
    int done = first.awaitHeld(id);
    try (Instance second = new Instance(false)) {
      eventually(() -> second.runner.find(id), run -> assertThat(run).isPresent());

      first.kill();

      WarmupRun ended = second.awaitEnd(id);
      assertThat(ended.state()).isEqualTo(State.DONE);
      assertThat(ended.owner()).isNotEqualTo(first.owner);
      assertThat(ended.progress()).isEqualTo(new Progress(KEYS, KEYS - done, done, 0, 0, 0, 0));
      eventually(second.journal::read, runs -> assertThat(runs).containsExactly(ended));
    }
  }

  @Test
  void anInstanceThatDoesNotKnowOfTheTakeOverChangesNothingOfTheCounts() {
    Instance first = new Instance(true);
    String id = first.submit();
    int done = first.awaitHeld(id);
    try (Instance second = new Instance(false)) {
      // It still believes to hold the claim, and hears of nothing: as after a long stop.
      first.deaf.set(true);
      first.claim.close();
      WarmupRun ended = second.awaitEnd(id);

      held.set(false);

      WarmupRun believed = first.awaitEnd(id);
      assertThat(believed.term()).isLessThan(ended.term());
      assertThat(believed.progress()).isEqualTo(new Progress(KEYS, done, KEYS - done, 0, 0, 0, 0));
      first.close();
      assertThat(ended.progress()).isEqualTo(new Progress(KEYS, KEYS - done, done, 0, 0, 0, 0));
      assertThat(second.runner.find(id)).contains(ended);
      try (KafkaRunJournal fresh = new KafkaRunJournal(topics.warmups(), RealServers.kafka())) {
        assertThat(fresh.read()).containsExactly(ended);
      }
    }
  }

  /** One of two processes. */
  private final class Instance implements AutoCloseable {
    private final AtomicBoolean deaf = new AtomicBoolean();
    private final KafkaRunJournal journal =
        new KafkaRunJournal(topics.warmups(), RealServers.kafka());
    private final KafkaRunClaim claim =
        new KafkaRunClaim(
            topics.warmups(), prefix + "-runs", SETTINGS.session(), RealServers.kafka());
    private final WarmupRunner runner;
    private Optional<String> owner = Optional.empty();

    private Instance(boolean first) {
      RowLoader rows =
          new RowLoader(
              primary,
              LoadQuery.parse("select id, name from product where id = any(:id)", template),
              template);
      BatchLoader loader =
          (keys, floor) -> {
            LoadedBatch batch = rows.load(keys);
            return new BatchLoader.Loaded(batch.found(), batch.absent());
          };
      claim.start();
      if (first) {
        eventually(claim::isHeld, it -> assertThat(it).isTrue());
      }
      runner =
          new WarmupRunner(
              List.of(
                  new WarmableCache(
                      "product", Duration.ofHours(1), List.of(redis.store()), Optional.of(loader))),
              request ->
                  RunPlan.of(
                      IntStream.range(0, request.top()).mapToObj(i -> prefix + ":" + i).toList()),
              new Deaf(journal, deaf),
              first ? () -> deaf.get() || claim.isHeld() : claim,
              new Pauses(new MemoryPauses(), Clock.systemUTC()),
              first ? List.of(holdingAfterSome()) : List.of(),
              (cache, since) -> HitRatio.NONE,
              SETTINGS,
              metrics,
              Clock.tick(Clock.systemUTC(), Duration.ofMillis(1)),
              new Random(1),
              () -> UUID.randomUUID().toString(),
              () -> {});
      runner.start();
    }

    /** No lease is out while it waits, so every key of the rest is the other's to store. */
    private StartCondition holdingAfterSome() {
      AtomicBoolean begun = new AtomicBoolean();
      return (request, next) ->
          begun.getAndSet(true) && held.get()
              ? new StartCondition.Verdict.Wait("the test")
              : StartCondition.Verdict.GO;
    }

    private String submit() {
      return ((Submission.Accepted) runner.submit(WarmupRequest.hottest("product", KEYS, "http")))
          .run()
          .id();
    }

    /** How many entries it has stored when it waits with nothing under way. */
    private int awaitHeld(String id) {
      WarmupRun run =
          eventually(
                  () ->
                      runner
                          .find(id)
                          .filter(it -> it.waitingFor().isPresent() && it.progress().done() > 0),
                  it -> assertThat(it).isPresent())
              .orElseThrow();
      owner = run.owner();
      return run.progress().stored();
    }

    private WarmupRun awaitEnd(String id) {
      return eventually(
              () -> runner.find(id).filter(it -> it.state().ended()),
              it -> assertThat(it).isPresent())
          .orElseThrow();
    }

    private void kill() {
      runner.close();
      claim.abandon();
      journal.close();
    }

    @Override
    public void close() {
      runner.close();
      claim.close();
      journal.close();
    }
  }

  /** A journal that an instance writes to, and for a while hears nothing new of. */
  private static final class Deaf implements RunJournal {
    private final RunJournal journal;
    private final AtomicBoolean deaf;
    private List<WarmupRun> last = List.of();

    private Deaf(RunJournal journal, AtomicBoolean deaf) {
      this.journal = journal;
      this.deaf = deaf;
    }

    @Override
    public CompletionStage<Void> publish(WarmupRun run) {
      return journal.publish(run);
    }

    @Override
    public void forget(String id) {
      journal.forget(id);
    }

    @Override
    public synchronized List<WarmupRun> read() {
      last = deaf.get() ? last : journal.read();
      return last;
    }

    @Override
    public void close() {
      journal.close();
    }
  }
}
