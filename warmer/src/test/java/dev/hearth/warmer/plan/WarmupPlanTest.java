package dev.hearth.warmer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.access.HotKeys.HotKey;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRequest.Budget;
import dev.hearth.schemas.warmup.WarmupRequest.Order;
import dev.hearth.warmer.plan.LeftOut.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WarmupPlanTest {
  private static final KeyTemplate PRODUCT = KeyTemplate.parse("product:{id}");

  @Test
  void takesTheHottestFirstUpToTheAskedNumber() {
    WarmupPlan plan = plan(top(2), Set.of(), hot("product:3"), hot("product:1"), hot("product:2"));

    assertThat(plan).isEqualTo(new WarmupPlan(List.of("product:3", "product:1"), List.of(), 0, 0));
  }

  @Test
  void leavesOutWhatIsNoKeyOfTheCacheAndDoesNotSpendTheNumberOnIt() {
    WarmupPlan plan =
        plan(
            top(2),
            Set.of(),
            hot("customer:9"),
            hot("product"),
            hot("product:1"),
            hot("pg_shadow"),
            hot("product:2"));

    assertThat(plan.keys()).containsExactly("product:1", "product:2");
    assertThat(plan.leftOut())
        .containsExactly(
            new LeftOut(Reason.NOT_OF_THE_CACHE, 3, List.of("customer:9", "product", "pg_shadow")));
  }

  @Test
  void takesEachKeyOnce() {
    WarmupPlan plan =
        plan(top(5), Set.of(), hot("product:1"), hot("product:1"), hot("x"), hot("x"));

    assertThat(plan.keys()).containsExactly("product:1");
    assertThat(plan.leftOut(Reason.NOT_OF_THE_CACHE)).isEqualTo(1);
  }

  @Test
  void leavesOutAndNamesKeysThatAreWrittenMoreOftenThanRead() {
    WarmupPlan plan =
        plan(
            top(1),
            Set.of(),
            hot("product:1").withWritesPerSecond(11),
            hot("product:2").withWritesPerSecond(9));

    assertThat(plan.keys()).containsExactly("product:2");
    assertThat(plan.leftOut())
        .containsExactly(new LeftOut(Reason.CHURNING, 1, List.of("product:1")));
  }

  @Test
  void leavesOutWhatIsWarmAndDoesNotTakeColderKeysForIt() {
    WarmupPlan plan =
        plan(top(2), Set.of("product:1"), hot("product:1"), hot("product:2"), hot("product:3"));

    assertThat(plan.keys()).containsExactly("product:2");
    assertThat(plan.leftOut(Reason.ALREADY_WARM)).isEqualTo(1);
  }

  @Test
  void spendsTheBudgetOfKeysOnlyOnWhatIsToBeLoaded() {
    WarmupRequest request = request(4, Order.READS, budget(2, Long.MAX_VALUE));

    WarmupPlan plan =
        plan(
            request,
            Set.of("product:1"),
            hot("product:1"),
            hot("product:2"),
            hot("product:3"),
            hot("product:4"));

    assertThat(plan.keys()).containsExactly("product:2", "product:3");
    assertThat(plan.leftOut(Reason.BEYOND_KEYS)).isEqualTo(1);
  }

  @Test
  void endsWhereTheBytesAreSpentAndLetsNoColderKeySlipIn() {
    WarmupRequest request = request(4, Order.READS, budget(100, 250));

    WarmupPlan plan =
        plan(
            request,
            Set.of(),
            hot("product:1").withBytes(100),
            hot("product:2"),
            hot("product:3").withBytes(200),
            hot("product:4").withBytes(1));

    // Of unknown size is the second one: it counts with the mean of the known ones.
    assertThat(plan.keys()).containsExactly("product:1", "product:2");
    assertThat(plan.expectedBytes()).isEqualTo(200);
    assertThat(plan.leftOut())
        .containsExactly(new LeftOut(Reason.BEYOND_BYTES, 2, List.of("product:3", "product:4")));
  }

  @Test
  void putsFirstWhatSavesTheMostDatabaseTime() {
    WarmupRequest request = request(3, Order.WEIGHT, Budget.NONE);

    WarmupPlan plan =
        plan(
            request,
            Set.of(),
            new HotKey("product:1", 100, 0).withLoadMicros(10),
            new HotKey("product:2", 10, 0).withLoadMicros(1_000),
            new HotKey("product:3", 30, 0),
            new HotKey("product:4", 1, 0).withLoadMicros(20));

    // The mean load takes 343 µs, so the third key weighs 10,300.
    assertThat(plan.keys()).containsExactly("product:3", "product:2", "product:1");
    assertThat(plan.expectedLoadMicros()).isEqualTo(1_000 + 10 + 505);
  }

  @Test
  void goesByReadsWhereNoLoadWasSeen() {
    WarmupPlan plan =
        plan(
            request(2, Order.WEIGHT, Budget.NONE),
            Set.of(),
            new HotKey("product:1", 1, 0),
            new HotKey("product:2", 2, 0));

    assertThat(plan.keys()).containsExactly("product:2", "product:1");
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, -5, 0})
  void takesNoAbsurdFigureForOne(double absurd) {
    WarmupPlan plan =
        plan(
            request(9, Order.WEIGHT, budget(9, 1_000)),
            Set.of(),
            hot("product:1").withBytes(absurd).withLoadMicros(absurd),
            hot("product:2").withBytes(10).withLoadMicros(7));

    assertThat(plan.keys()).containsExactly("product:1", "product:2");
    assertThat(plan.expectedBytes()).isEqualTo(20);
    assertThat(plan.expectedLoadMicros()).isEqualTo(14);
  }

  @Test
  void plansNothingWhereNothingIsHot() {
    assertThat(plan(top(5), Set.of())).isEqualTo(WarmupPlan.EMPTY);
  }

  @Test
  void namesOnlyAFewExamples() {
    HotKey[] churning = new HotKey[50];
    Arrays.setAll(churning, i -> hot("product:" + i).withWritesPerSecond(100));

    LeftOut leftOut = plan(top(5), Set.of(), churning).leftOut().get(0);

    assertThat(leftOut.keys()).isEqualTo(50);
    assertThat(leftOut.examples()).hasSize(LeftOut.MOST_EXAMPLES).startsWith("product:0");
  }

  /** Every hot key is planned, or left out for one reason, or colder than what was asked for. */
  @Test
  void accountsForEveryKeyWithinEveryBudget() {
    Cases.check(
        300,
        random -> {
          List<HotKey> keys = new ArrayList<>();
          for (int i = random.nextInt(60); i > 0; i--) {
            String[] prefixes = {"product:", "product", "page:", "", "product:7:"};
            keys.add(
                new HotKey(
                    prefixes[random.nextInt(prefixes.length)] + random.nextInt(20),
                    random.nextInt(10),
                    0,
                    random.nextInt(3) * 100,
                    random.nextInt(3) * 50,
                    random.nextInt(3) * 4));
          }
          Set<String> warm = new HashSet<>();
          keys.stream().map(HotKey::key).filter(key -> random.nextInt(3) == 0).forEach(warm::add);
          WarmupRequest request =
              request(
                  1 + random.nextInt(30),
                  Order.values()[random.nextInt(2)],
                  budget(1 + random.nextInt(20), 1 + random.nextInt(1_500)));

          WarmupPlan plan = plan(request, warm, keys.toArray(HotKey[]::new));

          Set<String> suitable = new HashSet<>();
          Set<String> others = new HashSet<>();
          Set<String> seen = new HashSet<>();
          for (HotKey key : keys) {
            if (seen.add(key.key())) {
              boolean fits =
                  key.key().matches("product:.+") && key.writesPerSecond() <= key.readsPerSecond();
              (fits ? suitable : others).add(key.key());
            }
          }
          assertThat(plan.keys())
              .doesNotHaveDuplicates()
              .isSubsetOf(suitable)
              .noneMatch(warm::contains);
          assertThat(plan.keys().size()).isLessThanOrEqualTo(request.budget().keys().orElseThrow());
          assertThat(plan.expectedBytes())
              .isLessThanOrEqualTo(request.budget().bytes().orElseThrow());
          assertThat(plan.leftOut(Reason.NOT_OF_THE_CACHE) + plan.leftOut(Reason.CHURNING))
              .isEqualTo(others.size());
          assertThat(
                  plan.keys().size()
                      + plan.leftOut(Reason.ALREADY_WARM)
                      + plan.leftOut(Reason.BEYOND_KEYS)
                      + plan.leftOut(Reason.BEYOND_BYTES))
              .isEqualTo(Math.min(request.top(), suitable.size()));
          assertThat(plan(request, warm, keys.toArray(HotKey[]::new))).isEqualTo(plan);
        });
  }

  private static WarmupPlan plan(WarmupRequest request, Set<String> warm, HotKey... keys) {
    return Candidates.of(
            new HotKeys("product", Instant.EPOCH, Duration.ofMinutes(10), List.of(keys)),
            request,
            PRODUCT)
        .plan(warm);
  }

  private static HotKey hot(String key) {
    return new HotKey(key, 10, 0);
  }

  private static WarmupRequest top(int top) {
    return WarmupRequest.hottest("product", top, "http");
  }

  private static WarmupRequest request(int top, Order by, Budget budget) {
    return new WarmupRequest("product", top, by, budget, Optional.empty(), "http");
  }

  private static Budget budget(int keys, long bytes) {
    return new Budget(Optional.of(keys), Optional.of(bytes), Optional.empty(), Optional.empty());
  }
}
