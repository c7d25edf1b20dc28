package dev.hearth.chassis;

import dev.hearth.chassis.config.ConfigException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts components in order and closes them in reverse order. Any thread may close it, at any time
 * and repeatedly: also while another one starts it, which is what a shutdown hook does.
 */
public final class Lifecycle implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

  private enum State {
    NEW,
    STARTED,
    CLOSED
  }

  private final List<Component> components;
  private final Duration closeBound;
  private final Object lock = new Object();
  private final Deque<Component> running = new ArrayDeque<>();
  private State state = State.NEW;

  /**
   * @param components in the order in which they start
   * @param closeBound longest wait for one component to close, above zero
   */
  public Lifecycle(List<Component> components, Duration closeBound) {
    if (closeBound.isNegative() || closeBound.isZero()) {
      throw new IllegalArgumentException("closeBound: " + closeBound + "; expected more than zero");
    }
    this.components = List.copyOf(components);
    this.closeBound = closeBound;
  }

  /**
   * Starts every component. When one fails, those that run are closed first.
   *
   * @throws StartupException as a component threw it
   * @throws ConfigException likewise
   * @throws IllegalStateException when a component failed otherwise, when this was started before,
   *     or when it was closed meanwhile
   */
  public void start() {
    synchronized (lock) {
      if (state == State.STARTED) {
        throw new IllegalStateException("started before; make a new Lifecycle to start again");
      }
      if (state == State.CLOSED) {
        throw closedWhileStarting();
      }
      state = State.STARTED;
    }
    for (Component component : components) {
      startOne(component);
    }
  }

  private void startOne(Component component) {
    synchronized (lock) {
      if (state == State.CLOSED) {
        throw closedWhileStarting();
      }
    }
    try {
      component.start();
    } catch (Exception failure) {
      if (failure instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      close();
      if (failure instanceof StartupException mendable) {
        throw mendable;
      }
      if (failure instanceof ConfigException mistakes) {
        throw mistakes;
      }
      throw new IllegalStateException(component.name() + " did not start: " + failure, failure);
    }
    boolean late;
    synchronized (lock) {
      late = state == State.CLOSED;
      if (!late) {
        running.push(component);
      }
    }
    if (late) {
      closeOne(component);
      throw closedWhileStarting();
    }
    log.info("started component={}", component.name());
  }

  /**
   * Closes what runs, last started first, each within the bound; what does not close in time is
   * logged by name and left behind. The second call does nothing.
   */
  @Override
  public void close() {
    List<Component> toClose;
    synchronized (lock) {
      state = State.CLOSED;
      toClose = new ArrayList<>(running);
      running.clear();
    }
    toClose.forEach(this::closeOne);
  }

  private void closeOne(Component component) {
    CountDownLatch done = new CountDownLatch(1);
    Thread closer =
        new Thread(
            () -> {
              try {
                component.close();
                log.info("closed component={}", component.name());
              } catch (InterruptedException leftBehind) {
                // Said already, by the one who waited for it.
                log.debug("interrupted in closing component={}", component.name());
              } catch (Exception | LinkageError failure) {
                log.warn("failed to close component={}", component.name(), failure);
              } finally {
                done.countDown();
              }
            },
            "close-" + component.name());
    closer.setDaemon(true);
    closer.start();
    if (!awaitUninterruptibly(done, closeBound)) {
      log.warn(
          "not closed in time component={} boundMillis={}; going on without it",
          component.name(),
          closeBound.toMillis());
      closer.interrupt();
    }
  }

  /** A shutdown goes on when its thread is interrupted: the bound alone ends the wait. */
  private static boolean awaitUninterruptibly(CountDownLatch done, Duration bound) {
    long deadline = System.nanoTime() + bound.toNanos();
    @Nullable InterruptedException interruption = null;
    try {
      while (true) {
        try {
          return done.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException again) {
          interruption = again;
        }
      }
    } finally {
      if (interruption != null) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static IllegalStateException closedWhileStarting() {
    return new IllegalStateException("closed before everything had started");
  }
}
