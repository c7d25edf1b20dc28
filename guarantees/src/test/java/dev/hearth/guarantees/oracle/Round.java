package dev.hearth.guarantees.oracle;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One run of the real pipeline over a few random schemas: transactions, faults in between, and what
 * was missed.
 */
final class Round {
  /** How many transactions are judged at once. */
  private static final int BATCH = 200;

  /** How many commit while a service is away. */
  private static final int WHILE_AWAY = 20;

  enum Fault {
    INGEST_RESTARTS,
    SLOT_LOST,
    DERIVATION_RESTARTS,
    DERIVATION_FORGETS
  }

  /**
   * @param schemas how many are drawn
   * @param faults in the order in which they come, evenly spread
   * @param kafkaProperties for every client of Kafka
   */
  record Plan(
      long seed,
      int transactions,
      int schemas,
      List<Fault> faults,
      Map<String, String> kafkaProperties) {}

  private final Plan plan;
  private final Tally tally;
  private final List<Judge.Miss> misses = new ArrayList<>();

  Round(Plan plan, Tally tally) {
    this.plan = plan;
    this.tally = tally;
  }

  /** Returns what was missed: the first ones, for people; empty where all is well. */
  List<String> run() throws Exception {
    Dice dice = new Dice(plan.seed());
    List<Drawn> all =
        IntStream.range(0, plan.schemas()).mapToObj(i -> Drawn.random("n" + i, dice)).toList();
    List<Drawn.WrittenRule> rules = Drawn.rules(all, dice);
    List<CachedQuery> queries = all.stream().flatMap(drawn -> drawn.queries().stream()).toList();
    String ddl = all.stream().map(drawn -> drawn.schema().ddl()).collect(Collectors.joining());
    Judge judge = new Judge(rules, tally);
    String yaml;
    try (Pipeline pipeline = new Pipeline(ddl, queries, rules, plan.kafkaProperties());
        Invalidated invalidated = new Invalidated(pipeline.topics(), pipeline.kafka());
        Traffic traffic =
            new Traffic(
                pipeline::connect,
                all,
                dice.between(1, 4),
                pipeline.topics().invalidations().partitions(),
                dice)) {
      yaml = pipeline.yaml();
      invalidated.awaitSettledEpoch();
      Deque<Fault> faults = new ArrayDeque<>(plan.faults());
      int stretch = plan.transactions() / (faults.size() + 1);
      int left = plan.transactions();
      while (left > 0 && misses.isEmpty()) {
        int until = faults.isEmpty() ? 0 : left - stretch;
        while (left > until && misses.isEmpty()) {
          int batch = Math.min(BATCH, left - until);
          commit(batch, traffic, invalidated, judge);
          left -= batch;
        }
        if (!faults.isEmpty() && misses.isEmpty()) {
          left -= suffer(faults.remove(), pipeline, traffic, invalidated, judge);
        }
      }
      List<Committed> last = traffic.finish();
      judge(last, traffic, invalidated, judge);
      tally.rolledBack(traffic.rolledBack());
      tally.prepared(traffic.prepared());
    }
    return misses.stream().limit(3).map(miss -> describe(miss, yaml)).toList();
  }

  private void commit(int count, Traffic traffic, Invalidated invalidated, Judge judge)
      throws Exception {
    judge(take(count, traffic), traffic, invalidated, judge);
  }

  private static List<Committed> take(int count, Traffic traffic) throws Exception {
    List<Committed> done = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      done.add(traffic.next());
    }
    return done;
  }

  private void judge(
      List<Committed> transactions, Traffic traffic, Invalidated invalidated, Judge judge)
      throws Exception {
    invalidated.await(traffic.beat());
    for (Committed transaction : transactions) {
      List<Judge.Miss> missed = judge.judge(transaction, invalidated.touched(transaction));
      if (transaction.truncatesPartition()) {
        long begun = System.nanoTime();
        missed =
            missed.stream()
                .filter(
                    miss -> !invalidated.awaitVoid(miss.key().cache(), transaction.beforeCommit()))
                .toList();
        tally.late(Duration.ofNanos(System.nanoTime() - begun));
      }
      tally.missed(missed.size());
      misses.addAll(missed);
    }
  }

  /** Returns how many committed meanwhile. */
  private int suffer(
      Fault fault, Pipeline pipeline, Traffic traffic, Invalidated invalidated, Judge judge)
      throws Exception {
    tally.fault();
    List<Committed> meanwhile = new ArrayList<>();
    switch (fault) {
      case INGEST_RESTARTS -> {
        pipeline.stopIngest();
        meanwhile.addAll(take(WHILE_AWAY, traffic));
        pipeline.startIngest();
      }
      case SLOT_LOST -> {
        pipeline.stopIngest();
        pipeline.dropSlot();
        meanwhile.addAll(take(WHILE_AWAY, traffic));
        meanwhile.addAll(traffic.finish());
        pipeline.startIngest();
      }
      case DERIVATION_RESTARTS -> {
        pipeline.stopInvalidator();
        meanwhile.addAll(take(WHILE_AWAY, traffic));
        pipeline.startInvalidator();
      }
      case DERIVATION_FORGETS -> {
        pipeline.stopInvalidator();
        pipeline.forgetDerivation();
        meanwhile.addAll(take(WHILE_AWAY, traffic));
        pipeline.startInvalidator();
      }
    }
    judge(meanwhile, traffic, invalidated, judge);
    return meanwhile.size();
  }

  private String describe(Judge.Miss miss, String yaml) {
    return miss.describe()
        + "replay: -Dhearth.seed="
        + plan.seed()
        + "\n"
        + miss.transaction().drawn().describe()
        + yaml;
  }
}
