package dev.hearth.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LifecycleTest {

  private static final Duration BOUND = Duration.ofSeconds(20);

  private final List<String> calls = new CopyOnWriteArrayList<>();

  @Test
  void startsInOrderAndClosesInReverse() {
    Lifecycle lifecycle = new Lifecycle(List.of(fine("a"), fine("b"), fine("c")), BOUND);

    lifecycle.start();
    lifecycle.close();

    assertThat(calls).containsExactly("+a", "+b", "+c", "-c", "-b", "-a");
  }

  @Test
  void closesOnce() {
    Lifecycle lifecycle = new Lifecycle(List.of(fine("a")), BOUND);
    lifecycle.start();

    lifecycle.close();
    lifecycle.close();

    assertThat(calls).containsExactly("+a", "-a");
  }

  @Test
  void closesWhatRunsWhenAStartFailsHalfWay() {
    Component broken =
        Component.of(
            "broken",
            () -> {
              throw new IOException("no disk");
            },
            () -> calls.add("-broken"));
    Lifecycle lifecycle = new Lifecycle(List.of(fine("a"), broken, fine("c")), BOUND);

    assertThatThrownBy(lifecycle::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("broken did not start: java.io.IOException: no disk");

    lifecycle.close();
    assertThat(calls).containsExactly("+a", "-a");
  }

  @Test
  void passesOnAFailureThatTheUserCanMend() {
    StartupException sentence = new StartupException("http.port: 8080 is in use", 2);
    Component broken =
        Component.of(
            "http",
            () -> {
              throw sentence;
            },
            () -> {});

    assertThatThrownBy(() -> new Lifecycle(List.of(broken), BOUND).start()).isSameAs(sentence);
  }

  @Test
  void goesOnWithoutWhatFailsToClose() {
    Component broken =
        Component.of(
            "broken",
            () -> {},
            () -> {
              throw new IllegalStateException("stuck");
            });
    Lifecycle lifecycle = new Lifecycle(List.of(fine("a"), broken), BOUND);
    lifecycle.start();

    List<String> logged = logged(lifecycle::close);

    assertThat(calls).containsExactly("+a", "-a");
    assertThat(logged).contains("failed to close component=broken");
  }

  @Test
  void goesOnWithoutWhatDoesNotCloseInTimeAndNamesIt() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Component hanging = Component.of("hanging", () -> {}, never::await);
    Component behind = Component.of("behind", () -> {}, closed::countDown);
    Lifecycle lifecycle = new Lifecycle(List.of(behind, hanging), Duration.ofMillis(50));
    lifecycle.start();

    List<String> logged = logged(lifecycle::close);

    // On a busy machine it may be given up too before its thread has begun.
    assertThat(closed.await(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(logged)
        .contains("not closed in time component=hanging boundMillis=50; going on without it");
  }

  @Test
  void closesWhatIsStillStartingWhenItIsClosedMeanwhile() throws Exception {
    CountDownLatch starting = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Component slow =
        Component.of(
            "slow",
            () -> {
              starting.countDown();
              go.await();
              calls.add("+slow");
            },
            () -> calls.add("-slow"));
    Lifecycle lifecycle = new Lifecycle(List.of(fine("a"), slow, fine("c")), BOUND);
    FutureTask<Void> start =
        new FutureTask<>(
            () -> {
              lifecycle.start();
              return null;
            });
    new Thread(start, "start").start();
    starting.await();

    lifecycle.close();
    go.countDown();

    assertThatThrownBy(() -> start.get(20, TimeUnit.SECONDS))
        .hasMessageContaining("closed before everything had started");
    assertThat(calls).containsExactly("+a", "-a", "+slow", "-slow");
  }

  @Test
  void startsOnce() {
    Lifecycle lifecycle = new Lifecycle(List.of(fine("a")), BOUND);
    lifecycle.start();

    assertThatThrownBy(lifecycle::start)
        .hasMessage("started before; make a new Lifecycle to start again");
  }

  private Component fine(String name) {
    return Component.of(name, () -> calls.add("+" + name), () -> calls.add("-" + name));
  }

  private static List<String> logged(Runnable action) {
    ListAppender<ILoggingEvent> appender = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(Lifecycle.class);
    // A component that was left behind may still log.
    appender.list = new CopyOnWriteArrayList<>();
    appender.start();
    logger.addAppender(appender);
    logger.setAdditive(false);
    try {
      action.run();
      return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    } finally {
      logger.setAdditive(true);
      logger.detachAppender(appender);
    }
  }
}
