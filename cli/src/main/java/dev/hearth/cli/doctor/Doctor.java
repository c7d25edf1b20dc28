package dev.hearth.cli.doctor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Examines all servers at once, each within a bound. Changes nothing. */
public final class Doctor {
  private Doctor() {}

  /**
   * What was found, in the order of the examinations. A server that falls silent costs what it has
   * not said by then, and nothing else.
   *
   * @param bound for all of them together, since they run side by side
   */
  public static List<Finding> examine(List<Examination<?>> examinations, Duration bound)
      throws InterruptedException {
    long deadline = System.nanoTime() + bound.toNanos();
    List<Running> running = examinations.stream().map(Running::start).toList();
    List<Finding> findings = new ArrayList<>();
    for (Running each : running) {
      findings.addAll(each.await(deadline, bound));
    }
    return findings;
  }

  private static final class Running {
    private final Examination<?> examination;
    private final List<Finding> found = new ArrayList<>();
    private final Thread thread;
    private String asking = "answers";

    private Running(Examination<?> examination) {
      this.examination = examination;
      this.thread =
          new Thread(
              () -> examination.run(this::asking, this::found), "doctor-" + examination.server());
      thread.setDaemon(true);
    }

    static Running start(Examination<?> examination) {
      Running running = new Running(examination);
      running.thread.start();
      return running;
    }

    private synchronized void asking(String check) {
      asking = check;
    }

    private synchronized void found(Finding finding) {
      found.add(finding);
    }

    List<Finding> await(long deadlineNanos, Duration bound) throws InterruptedException {
      long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
      if (left > 0) {
        thread.join(left);
      }
      synchronized (this) {
        List<Finding> findings = new ArrayList<>(found);
        if (thread.isAlive()) {
          thread.interrupt();
          findings.add(
              new Finding(
                  examination.server(),
                  asking,
                  Verdict.problem(
                      "no answer within "
                          + bound.toSeconds()
                          + " s; what comes after it was not looked at",
                      "check that the server is not overloaded, then run it again, with a longer"
                          + " --within")));
        }
        return findings;
      }
    }
  }
}
