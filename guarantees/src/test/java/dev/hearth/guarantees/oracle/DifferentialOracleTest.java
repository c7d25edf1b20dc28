package dev.hearth.guarantees.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.guarantees.oracle.Round.Fault;
import dev.hearth.sandbox.Cases;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Random schemas, caches and transactions against real servers: whatever a transaction changed of
 * what a cache shows under a key, that key or the whole cache is invalidated by it.
 */
class DifferentialOracleTest {
  /** How many are committed in one pipeline, before other schemas are drawn. */
  private static final int MOST_IN_A_ROUND = 2_000;

  private static final int SCHEMAS = 5;

  @Test
  void whateverATransactionChangesIsInvalidated() throws Exception {
    long seed = Cases.seed();
    int transactions = Integer.getInteger("hearth.transactions", 2_000);
    System.out.println("DifferentialOracleTest: random input of -Dhearth.seed=" + seed);
    Tally tally = new Tally();

    List<String> missed = new ArrayList<>();
    for (int left = transactions; left > 0 && missed.isEmpty(); left -= MOST_IN_A_ROUND) {
      Round.Plan plan =
          new Round.Plan(
              seed++, Math.min(left, MOST_IN_A_ROUND), SCHEMAS, List.of(Fault.values()), Map.of());
      missed.addAll(new Round(plan, tally).run());
      System.out.println(tally.table());
    }

    assertThat(missed).isEmpty();
    assertThat(tally.transactions()).isGreaterThanOrEqualTo(transactions);
    assertThat(tally.changed()).isGreaterThan(transactions);
  }
}
