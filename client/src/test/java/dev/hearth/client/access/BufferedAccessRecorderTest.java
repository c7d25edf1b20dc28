package dev.hearth.client.access;

import static dev.hearth.client.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.client.Eventually;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BufferedAccessRecorderTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final SettableClock clock = new SettableClock();
  private final Semaphore ticks = new Semaphore(0);
  private final BlockingQueue<AccessReport> reports = new LinkedBlockingQueue<>();
  private BufferedAccessRecorder recorder = start(20_000, reports::add);

  @AfterEach
  void close() {
    recorder.close();
  }

  @Test
  void reportsReadsMissesAndLoadTimeByCacheAndKey() throws Exception {
    recorder.hit("product", "a:1");
    recorder.hit("product", "a:1");
    recorder.miss("product", "a:1", 3_000);
    recorder.miss("product", "a:1", 4_000);
    recorder.hit("category", "a:1");

    AccessReport report = reportAt(NOON.plusSeconds(1));

    assertThat(report.client()).isEqualTo("shop-1");
    assertThat(report.from()).isEqualTo(NOON);
    assertThat(report.to()).isEqualTo(NOON.plusSeconds(1));
    assertThat(report.dropped()).isZero();
    assertThat(report.counts())
        .containsExactlyInAnyOrder(
            new KeyCount("product", "a:1", 4, 2, Duration.ofNanos(7_000), 2, 0),
            new KeyCount("category", "a:1", 1, 0, Duration.ZERO));
  }

  @Test
  void countsOnlyItsOwnLoadsAndKeepsTheSizeThatItSawLast() throws Exception {
    recorder.miss("product", "a:1", 3_000, 100);
    recorder.miss("product", "a:1", 0, 100); // another reader's load
    recorder.hit("product", "a:1", 120);
    recorder.hit("product", "a:1", 0); // from the process itself
    recorder.hit("product", "a:1");

    AccessReport report = reportAt(NOON.plusSeconds(1));

    assertThat(report.counts())
        .containsExactly(new KeyCount("product", "a:1", 5, 2, Duration.ofNanos(3_000), 1, 120));
  }

  @Test
  void beginsEveryIntervalWithNothing() throws Exception {
    recorder.hit("product", "a:1");
    reportAt(NOON.plusSeconds(1));
    recorder.hit("product", "a:2");

    AccessReport second = reportAt(NOON.plusSeconds(2));

    assertThat(second.from()).isEqualTo(NOON.plusSeconds(1));
    assertThat(second.counts())
        .containsExactly(new KeyCount("product", "a:2", 1, 0, Duration.ZERO));
  }

  @Test
  void makesNoReportOfAnIntervalWithoutReads() throws Exception {
    ticks.release(3);
    eventually("the ticks are used", () -> ticks.availablePermits() == 0);
    recorder.hit("product", "a:1");

    AccessReport first = reportAt(NOON.plusSeconds(1));

    assertThat(first.counts()).hasSize(1);
    assertThat(reports).isEmpty();
  }

  @Test
  void countsOnlyHowManyReadsItDroppedBeyondItsBound() throws Exception {
    recorder.close();
    recorder = start(2, reports::add);
    recorder.hit("product", "a:1");
    recorder.hit("category", "b:1");
    recorder.hit("product", "a:2");
    recorder.miss("product", "a:3", 10);
    recorder.hit("product", "a:1");

    AccessReport report = reportAt(NOON.plusSeconds(1));

    assertThat(report.dropped()).isEqualTo(2);
    assertThat(report.counts())
        .containsExactlyInAnyOrder(
            new KeyCount("product", "a:1", 2, 0, Duration.ZERO),
            new KeyCount("category", "b:1", 1, 0, Duration.ZERO));
  }

  @Test
  void losesAtMostOneReadPerThreadAndSwap() throws Exception {
    int threads = 4;
    int readsPerThread = 50_000;
    List<Thread> readers = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      Thread reader =
          new Thread(
              () -> {
                for (int read = 0; read < readsPerThread; read++) {
                  recorder.hit("product", "a:" + read % 100);
                }
              });
      readers.add(reader);
      reader.start();
    }
    int swaps = 0;
    while (readers.stream().anyMatch(Thread::isAlive)) {
      ticks.release();
      swaps++;
      readers.get(0).join(1);
    }
    for (Thread reader : readers) {
      reader.join();
    }
    recorder.close();

    long counted =
        reports.stream()
            .flatMap(report -> report.counts().stream())
            .mapToLong(KeyCount::reads)
            .sum();

    long read = (long) threads * readsPerThread;
    assertThat(counted).isBetween(read - (long) threads * swaps, read);
  }

  @Test
  void neverHoldsUpReadersWhileTheSinkIsSlow() throws Exception {
    recorder.close();
    Semaphore sinkMayGoOn = new Semaphore(0);
    recorder =
        start(
            20_000,
            report -> {
              sinkMayGoOn.acquireUninterruptibly();
              reports.add(report);
            });
    recorder.hit("product", "a:1");
    ticks.release();
    eventually("the sink is called", sinkMayGoOn::hasQueuedThreads);

    recorder.hit("product", "a:2");
    recorder.hit("product", "a:2");
    sinkMayGoOn.release(10);
    AccessReport first = next();
    AccessReport second = reportAt(NOON.plusSeconds(1));

    assertThat(first.counts()).extracting(KeyCount::key).containsExactly("a:1");
    assertThat(second.counts())
        .containsExactly(new KeyCount("product", "a:2", 2, 0, Duration.ZERO));
  }

  @Test
  void outlivesASinkThatThrows() throws Exception {
    recorder.close();
    CountDownLatch thrown = new CountDownLatch(1);
    recorder =
        start(
            20_000,
            report -> {
              if (thrown.getCount() == 1) {
                thrown.countDown();
                throw new IllegalStateException("no");
              }
              reports.add(report);
            });
    recorder.hit("product", "lost");
    ticks.release();
    eventually("the sink throws", () -> thrown.getCount() == 0);
    recorder.hit("product", "a:1");

    AccessReport report = reportAt(NOON.plusSeconds(1));

    assertThat(report.counts()).extracting(KeyCount::key).containsExactly("a:1");
  }

  @Test
  void handsOverWhatIsLeftWhenItIsClosed() {
    recorder.hit("product", "a:1");

    recorder.close();

    assertThat(reports).hasSize(1);
  }

  @Test
  void reportsByItselfInRealTime() throws Exception {
    try (BufferedAccessRecorder real =
        BufferedAccessRecorder.start(
            "shop-2",
            reports::add,
            new BufferedAccessRecorder.Options(
                Duration.ofMillis(5), 10, Clock.systemUTC(), Ticker.system()))) {
      real.hit("product", "a:1");

      assertThat(next().client()).isEqualTo("shop-2");
    }
  }

  @Test
  void refusesOptionsThatAreOutOfRange() {
    assertThatThrownBy(
            () -> new BufferedAccessRecorder.Options(Duration.ZERO, 1, clock, Ticker.system()))
        .hasMessage("interval is PT0S; expected 1 millisecond to 1 hour");
    assertThatThrownBy(
            () ->
                new BufferedAccessRecorder.Options(
                    Duration.ofSeconds(1), 0, clock, Ticker.system()))
        .hasMessage("maxKeys is 0; expected 1 or more");
  }

  private BufferedAccessRecorder start(int maxKeys, AccessSink sink) {
    return BufferedAccessRecorder.start(
        "shop-1",
        sink,
        new BufferedAccessRecorder.Options(
            Duration.ofSeconds(1), maxKeys, clock, interval -> ticks.acquire()));
  }

  private AccessReport reportAt(Instant now) throws InterruptedException {
    clock.now = now;
    ticks.release();
    return next();
  }

  private AccessReport next() throws InterruptedException {
    AccessReport report = reports.poll(Eventually.BOUND.toSeconds(), TimeUnit.SECONDS);
    assertThat(report).isNotNull();
    return report;
  }

  private static final class SettableClock extends Clock {
    private volatile Instant now = NOON;

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneOffset getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(java.time.ZoneId zone) {
      return this;
    }
  }
}
