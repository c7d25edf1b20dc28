package dev.hearth.warmer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.key.KeyTemplate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class WarmupPlanTest {
  private static final KeyTemplate PRODUCT = KeyTemplate.parse("product:{id}");

  @Test
  void takesTheHottestFirstUpToTheBudget() {
    WarmupPlan plan = WarmupPlan.of(hot("product:3", "product:1", "product:2"), 2, PRODUCT);

    assertThat(plan).isEqualTo(new WarmupPlan(List.of("product:3", "product:1"), 0));
  }

  @Test
  void leavesOutAndCountsWhatIsNoKeyOfTheCacheAndDoesNotSpendBudgetOnIt() {
    WarmupPlan plan =
        WarmupPlan.of(
            hot("customer:9", "product", "product:1", "pg_shadow", "product:2"), 2, PRODUCT);

    assertThat(plan).isEqualTo(new WarmupPlan(List.of("product:1", "product:2"), 3));
  }

  @Test
  void takesEachKeyOnce() {
    WarmupPlan plan = WarmupPlan.of(hot("product:1", "product:1", "x", "x"), 5, PRODUCT);

    assertThat(plan).isEqualTo(new WarmupPlan(List.of("product:1"), 1));
  }

  @Test
  void plansNothingWhereNothingIsHot() {
    assertThat(WarmupPlan.of(hot(), 5, PRODUCT)).isEqualTo(WarmupPlan.EMPTY);
  }

  @Test
  void refusesABudgetOfNothing() {
    assertThatThrownBy(() -> WarmupPlan.of(hot("product:1"), 0, PRODUCT))
        .hasMessage("top is 0; expected 1 or more");
  }

  @RepeatedTest(200)
  void keepsOrderBudgetAndTemplateForAnyHotKeys(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<String> keys = new ArrayList<>();
    for (int i = random.nextInt(60); i > 0; i--) {
      String[] prefixes = {"product:", "product", "page:", "", "product:7:"};
      keys.add(prefixes[random.nextInt(prefixes.length)] + random.nextInt(20));
    }
    int top = 1 + random.nextInt(30);

    WarmupPlan plan = WarmupPlan.of(hot(keys.toArray(String[]::new)), top, PRODUCT);

    List<String> model =
        keys.stream().filter(key -> key.matches("product:.+")).distinct().limit(top).toList();
    assertThat(plan.keys()).isEqualTo(model);
    assertThat(plan.leftOut()).isBetween(0, keys.size());
  }

  private static HotKeys hot(String... keys) {
    return new HotKeys(
        "product",
        Instant.EPOCH,
        Duration.ofMinutes(10),
        Arrays.stream(keys).map(key -> new HotKeys.HotKey(key, 1, 0)).toList());
  }
}
