package dev.hearth.cli.shop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Wait;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OpenLoopTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  @Test
  void arrivesWhetherOrNotEarlierWorkIsDone() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger arrived = new AtomicInteger();
    try (OpenLoop loop =
        new OpenLoop(
            "reads",
            1_000,
            1,
            () -> {
              arrived.incrementAndGet();
              return () -> await(release);
            })) {
      loop.start();

      Wait.untilHolds(BOUND, () -> assertThat(arrived.get()).isGreaterThan(50));

      release.countDown();
    }
  }

  @Test
  void drawsWhatArrivesInItsOrderOnOneThread() throws Exception {
    Queue<Integer> drawn = new ConcurrentLinkedQueue<>();
    Set<String> threads = ConcurrentHashMap.newKeySet();
    AtomicInteger next = new AtomicInteger();
    try (OpenLoop loop =
        new OpenLoop(
            "reads",
            10_000,
            4,
            () -> {
              threads.add(Thread.currentThread().getName());
              drawn.add(next.getAndIncrement());
              return () -> {};
            })) {
      loop.start();
      Wait.untilHolds(BOUND, () -> assertThat(drawn).hasSizeGreaterThan(500));
    }

    List<Integer> all = List.copyOf(drawn);
    assertThat(all).isEqualTo(IntStream.range(0, all.size()).boxed().toList());
    assertThat(threads).containsExactly("reads-arrivals");
  }

  @Test
  void turnsAwayAndCountsWhatFindsTheQueueFull() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger arrived = new AtomicInteger();
    AtomicInteger begun = new AtomicInteger();
    try (OpenLoop loop =
        new OpenLoop(
            "reads",
            1_000_000,
            1,
            () -> {
              arrived.incrementAndGet();
              return () -> {
                begun.incrementAndGet();
                await(release);
              };
            })) {
      loop.start();

      Wait.untilHolds(BOUND, () -> assertThat(loop.turnedAway()).isGreaterThan(100));

      assertThat(begun).hasValueLessThanOrEqualTo(1);
      assertThat(arrived.get()).isGreaterThan(OpenLoop.QUEUE + 100);
      release.countDown();
    }
  }

  @Test
  void closesOnlyWhenWhatIsUnderWayIsDoneAndLetsNothingArriveAfterwards() throws Exception {
    AtomicInteger arrived = new AtomicInteger();
    AtomicInteger underWay = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    OpenLoop loop =
        new OpenLoop(
            "reads",
            500,
            4,
            () -> {
              arrived.incrementAndGet();
              return () -> {
                underWay.incrementAndGet();
                Thread.yield();
                underWay.decrementAndGet();
                done.incrementAndGet();
              };
            });
    loop.start();
    Wait.untilHolds(BOUND, () -> assertThat(done.get()).isGreaterThan(50));

    loop.close();

    int atTheEnd = arrived.get();
    assertThat(underWay).hasValue(0);
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.isAlive() && thread.getName().equals("reads-arrivals"));
    assertThat(loop.turnedAway()).isZero();
    assertThat(arrived).hasValue(atTheEnd);
  }

  @Test
  void letsNothingArriveAtARateOfNought() throws Exception {
    AtomicInteger arrived = new AtomicInteger();
    OpenLoop loop =
        new OpenLoop(
            "writes",
            0,
            1,
            () -> {
              arrived.incrementAndGet();
              return () -> {};
            });

    loop.start();
    loop.close();

    assertThat(arrived).hasValue(0);
  }

  @Test
  void endsSoonHoweverSeldomSomethingArrives() throws Exception {
    AtomicInteger arrived = new AtomicInteger();
    OpenLoop loop =
        new OpenLoop(
            "writes",
            1e-6,
            1,
            () -> {
              arrived.incrementAndGet();
              return () -> {};
            });
    loop.start();
    Wait.untilHolds(BOUND, () -> assertThat(arrived).hasValue(1));

    long began = System.nanoTime();
    loop.close();

    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
