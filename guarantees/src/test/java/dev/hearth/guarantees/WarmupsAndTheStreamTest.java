package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.Warmer;
import dev.hearth.warmer.run.Submission;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * No run fills a cache whose stream is not fresh. The warmer is a process of its own: it learns
 * that from the primary and the stores alone.
 */
class WarmupsAndTheStreamTest {
  private static final int KEYS = 20;

  private Shop shop;
  private Services warming;
  private FencedStore redis;

  @BeforeEach
  void begin() throws Exception {
    shop = new Shop();
    shop.execute("insert into product select i, 'v0', 1 from generate_series(1, " + KEYS + ") i");
    shop.start(Set.of(Role.INGEST));
    shop.start(Set.of(Role.INVALIDATE));
    warming = shop.start(Set.of(Role.WARM));
    redis = shop.store(warming, "redis");
    shop.awaitLeases(redis);
    reportReads();
    eventually(
        () ->
            assertThat(warmer().hotKeys("product"))
                .hasValueSatisfying(hot -> assertThat(hot.keys()).hasSize(KEYS)));
  }

  @AfterEach
  void end() throws Exception {
    shop.close();
  }

  @Test
  void aRunWaitsWhileTheStreamStandsStillAndGoesOnWhenItDoes() throws Exception {
    long walSender = walSender();
    String run;
    signal("STOP", walSender);
    try {
      // The stores do not know of it, and this process cannot ask who should.
      shop.execute("update product set name = 'v1' where id = 1");
      run = submit();
      eventually(
          () ->
              assertThat(said(find(run)))
                  .startsWith("the stream of invalidations to store ")
                  .contains(" is not fresh"));
      assertThat(find(run).progress().done()).isZero();
      assertThat(shop.cached(redis, "product", shop.product(2))).isEmpty();
    } finally {
      signal("CONT", walSender);
    }

    eventually(() -> assertThat(find(run).state().ended()).isTrue());
    eventually(
        () -> {
          warmAgain();
          assertThat(shop.cached(redis, "product", shop.product(1)))
              .hasValueSatisfying(value -> assertThat(value).contains("\"v1\""));
        });
  }

  /** An invalidation, or the epoch of a slot, may have voided what the first run filled. */
  private void warmAgain() throws Exception {
    String again = submit();
    eventually(() -> assertThat(find(again).state().ended()).isTrue());
  }

  /** While it waits; or in the end, for a test that came too late to see it wait. */
  private static String said(WarmupRun run) {
    return run.waitingFor().or(run::problem).orElse("");
  }

  private String submit() {
    Submission submission = warmer().submit(WarmupRequest.hottest("product", KEYS, "test"));
    assertThat(submission).isInstanceOf(Submission.Accepted.class);
    return ((Submission.Accepted) submission).run().id();
  }

  private WarmupRun find(String run) {
    return warmer().find(run).orElseThrow();
  }

  private Warmer warmer() {
    return warming.warmer().orElseThrow();
  }

  private void reportReads() throws Exception {
    Topic<String, AccessReport> accesses = shop.topics().accesses();
    List<KeyCount> counts = new ArrayList<>();
    for (int id = 1; id <= KEYS; id++) {
      counts.add(new KeyCount("product", shop.product(id), 100, 0, Duration.ZERO));
    }
    Instant now = Instant.now();
    try (KafkaProducer<String, AccessReport> producer =
        new KafkaProducer<>(
            shop.kafka(), accesses.key().serializer(), accesses.value().serializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  accesses.name(),
                  "client-1",
                  new AccessReport("client-1", now.minusSeconds(1), now, counts, 0)))
          .get();
    }
  }

  private long walSender() throws Exception {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select active_pid from pg_replication_slots where slot_name = '"
                    + shop.name
                    + "'")) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void signal(String signal, long pid) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
    assertThat(kill.waitFor()).isZero();
  }
}
