package dev.hearth.warmer.trigger;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.warmer.trigger.TurnLoop.Step;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TurnLoopTest {
  private static final Duration REST = Duration.ofMillis(1);

  private final List<String> taken = new CopyOnWriteArrayList<>();

  @Test
  void aStepThatFailsKeepsNeitherTheOthersNorItselfFromTheirTurns() {
    AtomicInteger failures = new AtomicInteger();
    Step failing =
        new Step(
            "failing",
            () -> {
              failures.incrementAndGet();
              throw new IllegalStateException("a defect of the test");
            });
    try (TurnLoop loop = loop(failing, step("after"))) {
      loop.start();

      eventually(failures::get, times -> assertThat(times).isGreaterThan(2));
      eventually(() -> taken, steps -> assertThat(steps).hasSizeGreaterThan(2));
    }
  }

  @Test
  void beatsBeforeEveryStepSoThatOneThatHangsIsNoticed() {
    try (TurnLoop loop = loop(step("one"), step("two"))) {
      loop.start();

      eventually(() -> taken, steps -> assertThat(steps).hasSizeGreaterThan(8));
    }
    assertThat(taken.subList(0, 8))
        .containsExactly("beat", "one", "beat", "two", "beat", "one", "beat", "two");
  }

  @Test
  void endsInTheMiddleOfAStepAndOfARest() throws InterruptedException {
    CountDownLatch waiting = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    TurnLoop stuck =
        loop(
            new Step(
                "stuck",
                () -> {
                  waiting.countDown();
                  try {
                    new CountDownLatch(1).await();
                  } finally {
                    interrupted.countDown();
                  }
                }),
            step("after"));
    TurnLoop resting = new TurnLoop("resting", List.of(step("once")), Duration.ofDays(1), () -> {});
    stuck.start();
    resting.start();
    waiting.await();
    eventually(() -> taken, steps -> assertThat(steps).contains("once"));

    stuck.close();
    resting.close();

    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(taken).containsExactlyInAnyOrder("beat", "once");
  }

  @Test
  void closesBeforeItWasStarted() {
    loop(step("never")).close();

    assertThat(taken).isEmpty();
  }

  private TurnLoop loop(Step... steps) {
    return new TurnLoop("a-test", List.of(steps), REST, () -> taken.add("beat"));
  }

  private Step step(String name) {
    return new Step(name, () -> taken.add(name));
  }
}
