package dev.hearth.guarantees.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Without one protection the comparison fails, well within the transactions of a build. */
class SabotageTest {
  private static final int TRANSACTIONS = 2_000;

  @ParameterizedTest
  @EnumSource(Sabotage.Kind.class)
  void theComparisonNamesWhatIsMissed(Sabotage.Kind kind) throws Exception {
    long seed = Cases.seed();
    System.out.println("SabotageTest: random input of -Dhearth.seed=" + seed);
    Round.Plan plan = new Round.Plan(seed, TRANSACTIONS, 5, List.of(), Sabotage.properties(kind));

    List<String> missed = new Round(plan, new Tally()).run();

    assertThat(missed).isNotEmpty();
    assertThat(missed.get(0)).contains("MISSED: cache n", "-Dhearth.seed=" + seed, "rules:");
  }
}
