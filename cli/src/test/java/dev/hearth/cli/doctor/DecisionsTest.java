package dev.hearth.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.doctor.HazelcastSession.MapSettings;
import dev.hearth.cli.doctor.Verdict.Severity;
import dev.hearth.ingest.capture.SourceSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What is made of what was read, also of what the servers of a test cannot be brought to say. */
class DecisionsTest {
  private static final long GIGABYTE = 1L << 30;
  private static final SourceSettings SETTINGS =
      new SourceSettings(
          "jdbc:postgresql://db/shop",
          "app",
          Optional.empty(),
          "hearth",
          "hearth",
          Set.of("public.product", "public.Price"));

  @Test
  void refusesAServerThatCannotWork() {
    assertThat(PostgresServerChecks.version(130_011).severity()).isEqualTo(Severity.PROBLEM);
    assertThat(PostgresServerChecks.version(140_000).severity()).isEqualTo(Severity.OK);
    assertThat(PostgresServerChecks.primary("t").severity()).isEqualTo(Severity.PROBLEM);
    assertThat(PostgresServerChecks.walLevel("replica"))
        .isEqualTo(
            Verdict.problem(
                "is replica; logical decoding needs logical",
                "ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL (managed:"
                    + " rds.logical_replication = 1, cloudsql.logical_decoding = on)"));
    assertThat(PostgresServerChecks.identity("f").cure().orElse("")).startsWith("GRANT EXECUTE");
    assertThat(Kafka.version((short) 0).severity()).isEqualTo(Severity.PROBLEM);
    assertThat(Kafka.version((short) 14).severity()).isEqualTo(Severity.PROBLEM);
    assertThat(Kafka.version((short) 15).severity()).isEqualTo(Severity.OK);
    assertThat(Redis.version(Map.of("redis_version", "6.0.16")).severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(Redis.version(Map.of("redis_version", "7.0.1")).severity()).isEqualTo(Severity.OK);
    assertThat(Redis.version(Map.of()).severity()).isEqualTo(Severity.UNKNOWN);
    assertThat(Hazelcast.version(List.of("4.2.1")).severity()).isEqualTo(Severity.PROBLEM);
    assertThat(Hazelcast.version(List.of("5.3.0", "5.4.0")).severity()).isEqualTo(Severity.WARNING);
  }

  @Test
  void needsASlotAndASenderUnlessItHasThem() {
    assertThat(PostgresServerChecks.slotsLeft(new PostgresServerChecks.Room(4, 4, false)))
        .isEqualTo(
            Verdict.problem(
                "4 of 4 in use (max_replication_slots), and one more is needed",
                "ALTER SYSTEM SET max_replication_slots = 8; then restart PostgreSQL"));
    assertThat(PostgresServerChecks.slotsLeft(new PostgresServerChecks.Room(4, 4, true)).severity())
        .isEqualTo(Severity.OK);
    assertThat(
            PostgresServerChecks.sendersLeft(new PostgresServerChecks.Room(4, 3, false)).severity())
        .isEqualTo(Severity.OK);
  }

  @Test
  void saysWhatAwaitedStandbysDoToChanges() {
    assertThat(
            PostgresServerChecks.awaitedStandbys(new PostgresServerChecks.Awaited("nosuch", 0, 0)))
        .satisfies(verdict -> assertThat(verdict.severity()).isEqualTo(Severity.PROBLEM))
        .satisfies(verdict -> assertThat(verdict.sentence()).contains("no reader sees them"));
    assertThat(
            PostgresServerChecks.awaitedStandbys(new PostgresServerChecks.Awaited("one", 0, 1))
                .severity())
        .isEqualTo(Severity.UNKNOWN);
    assertThat(
            PostgresServerChecks.awaitedStandbys(new PostgresServerChecks.Awaited("one", 1, 0))
                .severity())
        .isEqualTo(Severity.OK);
  }

  @Test
  void warnsOfSettingsThatCostSomething() {
    assertThat(
            PostgresServerChecks.durable(new PostgresServerChecks.Durability("on", "off"))
                .sentence())
        .startsWith("synchronous_commit is off");
    assertThat(PostgresServerChecks.senderTimeout(Duration.ZERO).severity())
        .isEqualTo(Severity.WARNING);
    assertThat(PostgresServerChecks.senderTimeout(Duration.ofSeconds(5)).severity())
        .isEqualTo(Severity.WARNING);
    assertThat(
            PostgresServerChecks.oldestTransaction(
                Optional.of(
                    new PostgresServerChecks.Oldest(
                        Duration.ofHours(3), true, "SELECT pg_terminate_backend(7)", 0))))
        .isEqualTo(
            Verdict.warning(
                "the oldest is open since 3 h, and idle: the log since then is kept, a slot cannot"
                    + " be created before it ends, and what it has read is not younger",
                "SELECT pg_terminate_backend(7); and ALTER SYSTEM SET"
                    + " idle_in_transaction_session_timeout = '1min'"));
    assertThat(
            PostgresServerChecks.oldestTransaction(
                    Optional.of(
                        new PostgresServerChecks.Oldest(Duration.ofSeconds(1), false, "", 3)))
                .severity())
        .isEqualTo(Severity.UNKNOWN);
  }

  @Test
  void tellsWhatBecomesOfASlot() {
    assertThat(slot("lost", Optional.empty(), 0, -1).cure().orElse(""))
        .startsWith("SELECT pg_drop_replication_slot('hearth')");
    assertThat(slot("unreserved", Optional.of("hearth"), GIGABYTE, 1024).severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(slot("reserved", Optional.empty(), 5 * GIGABYTE, 102_400))
        .satisfies(verdict -> assertThat(verdict.severity()).isEqualTo(Severity.WARNING))
        .satisfies(
            verdict ->
                assertThat(verdict.sentence())
                    .isEqualTo(
                        "hearth is read by nobody, and 5.0 GB of log are kept for it: it fills the"
                            + " disk"));
    assertThat(slot("reserved", Optional.of("hearth"), 10, -1).sentence())
        .contains("max_slot_wal_keep_size sets no bound");
    assertThat(slot("reserved", Optional.of("hearth"), 10, 1024).severity()).isEqualTo(Severity.OK);
    assertThat(
            SlotCheck.judge(
                    Optional.of(new SlotCheck.Slot(false, Optional.empty(), "reserved", 0, 1)),
                    SETTINGS)
                .severity())
        .isEqualTo(Severity.PROBLEM);
  }

  private static Verdict slot(String status, Optional<String> reader, long retained, long bound) {
    return SlotCheck.judge(
        Optional.of(new SlotCheck.Slot(true, reader, status, retained, bound)), SETTINGS);
  }

  @Test
  void comparesAPublicationWithTheRules() {
    assertThat(
            publication(true, false, Set.of("public.product"), Set.of(), true, Set.of())
                .cure()
                .orElse(""))
        .startsWith("ALTER PUBLICATION hearth SET (publish =");
    assertThat(
            publication(
                    true,
                    true,
                    Set.of("public.product", "public.Price"),
                    Set.of("public.Price"),
                    true,
                    Set.of())
                .sentence())
        .isEqualTo("hearth leaves out rows or columns of public.Price");
    assertThat(
            publication(true, true, Set.of("public.product"), Set.of(), true, Set.of()).severity())
        .isEqualTo(Severity.OK);
    assertThat(
            publication(
                true, true, Set.of("public.product"), Set.of(), true, Set.of("public.Price")))
        .isEqualTo(
            Verdict.problem(
                "hearth does not have public.Price, and role app may not add them",
                "as their owner, ALTER PUBLICATION hearth ADD TABLE public.\"Price\""));
  }

  private static Verdict publication(
      boolean exists,
      boolean complete,
      Set<String> tables,
      Set<String> partial,
      boolean owned,
      Set<String> notOwned) {
    return PublicationCheck.judge(
        new PublicationCheck.Publication(exists, complete, tables, partial, owned, notOwned, true),
        SETTINGS);
  }

  @Test
  void readsOnlyOnStandbysOfThePrimary() {
    assertThat(Postgres.identity(new Postgres.Identities("1", "2", true)).severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(Postgres.identity(new Postgres.Identities("1", "1", false)).severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(Postgres.stream(new Postgres.Stream(0, OptionalLong.empty()), "app").cure())
        .hasValueSatisfying(cure -> assertThat(cure).contains("GRANT pg_read_all_stats TO app"));
    assertThat(Postgres.stream(new Postgres.Stream(1, OptionalLong.of(60_000)), "app").severity())
        .isEqualTo(Severity.WARNING);
    assertThat(Postgres.stream(new Postgres.Stream(1, OptionalLong.of(20)), "app").severity())
        .isEqualTo(Severity.OK);
  }

  @Test
  void saysWhatRedisDoesWhenItIsFullOrAlone() {
    assertThat(Redis.memory(new Redis.Memory("volatile-lru", GIGABYTE, 5)).severity())
        .isEqualTo(Severity.OK);
    assertThat(Redis.memory(new Redis.Memory("noeviction", 100, 95)).sentence())
        .contains("no position is written");
    assertThat(
            Redis.persistence(Map.of("aof_enabled", "1", "aof_last_write_status", "err"))
                .severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(
            Redis.topology(
                    new Redis.Topology(
                        Map.of("cluster_state", "fail", "cluster_slots_ok", "10923"),
                        Optional.empty(),
                        0,
                        Optional.empty()))
                .sentence())
        .contains("only 10923 are served");
    assertThat(
            Redis.topology(
                    new Redis.Topology(
                        Map.of(), Optional.of("NOQUORUM 1 usable"), 1, Optional.of("1")))
                .severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(
            Redis.topology(
                    new Redis.Topology(Map.of(), Optional.of("OK 3 usable"), 2, Optional.of("0")))
                .severity())
        .isEqualTo(Severity.WARNING);
  }

  @Test
  void saysWhatAMapOfHazelcastBreaks() {
    assertThat(
            Hazelcast.map(
                "hearth.entries",
                Optional.of(
                    new MapSettings("OBJECT", 0, 1, 60, "LRU", true, "PutIfAbsentMergePolicy"))))
        .extracting(Verdict::severity)
        .containsExactly(
            Severity.PROBLEM,
            Severity.PROBLEM,
            Severity.PROBLEM,
            Severity.WARNING,
            Severity.WARNING);
    assertThat(Hazelcast.map("hearth.entries", Optional.empty()))
        .extracting(Verdict::severity)
        .containsExactly(Severity.OK);
  }

  @Test
  void toleratesClocksThatAreNearlyRight() {
    assertThat(new Clocks(Duration.ofMillis(-400), Duration.ZERO).verdict().severity())
        .isEqualTo(Severity.OK);
    assertThat(new Clocks(Duration.ofSeconds(-5), Duration.ofMillis(3)).verdict().sentence())
        .startsWith("5000 ms behind this machine's (± 3 ms); nothing goes stale by it");
    assertThat(new Clocks(Duration.ofSeconds(2), Duration.ofSeconds(3)).verdict().severity())
        .isEqualTo(Severity.OK);
  }

  @Test
  void needsADirectoryWithRoom() {
    Path path = Path.of("data");
    assertThat(Machine.directory(new Machine.Directory(path, path, false, GIGABYTE)).severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(Machine.directory(new Machine.Directory(path, path, true, 1000)).severity())
        .isEqualTo(Severity.PROBLEM);
    assertThat(Machine.directory(new Machine.Directory(path, path, true, GIGABYTE / 2)).severity())
        .isEqualTo(Severity.WARNING);
  }

  @Test
  void aServerThatFallsSilentCostsOnlyItsOwnAnswers() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Examination<AutoCloseable> silent =
        new Examination<>(
            "silent",
            () -> () -> {},
            List.of(
                new Check<>("first", server -> List.of(Verdict.ok("said"))),
                new Check<>(
                    "second",
                    server -> {
                      never.await();
                      return List.of();
                    })));
    Examination<AutoCloseable> broken =
        new Examination<>(
            "broken",
            () -> () -> {},
            List.of(
                new Check<>(
                    "refuses",
                    server -> {
                      throw new IllegalStateException("permission denied");
                    }),
                new Check<>("goes on", server -> List.of(Verdict.ok("said")))));

    List<Finding> findings = Doctor.examine(List.of(silent, broken), Duration.ofMillis(500));

    assertThat(findings)
        .extracting(each -> each.server() + " " + each.check() + " " + each.verdict().severity())
        .containsExactly(
            "silent first OK",
            "silent second PROBLEM",
            "broken refuses UNKNOWN",
            "broken goes on OK");
    assertThat(findings.get(2).verdict().sentence()).isEqualTo("was not told (permission denied)");
  }
}
