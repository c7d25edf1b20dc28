package dev.hearth.warmer.trigger;

import dev.hearth.chassis.config.CronSchedule;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts plans at their times, on one of the instances: each time of a plan is claimed before it
 * starts. Has a thread of its own; {@link #start} and {@link #close} are for any.
 */
public final class Schedules implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Schedules.class);
  private static final String TRIGGER = "schedule";

  private final ScheduleTimes times;
  private final PlanStarter plans;
  private final Claims claims;
  private final Metrics metrics;
  private final Clock clock;
  private final Set<ScheduleTimes.Due> held = new HashSet<>();
  private final TurnLoop loop;

  /**
   * Schedules of plans.
   *
   * @param schedules by plan
   * @param turn how often the clock is looked at; above zero, well below a minute
   * @param heartbeat called at every turn of the loop
   */
  public Schedules(
      Map<String, CronSchedule> schedules,
      PlanStarter plans,
      Claims claims,
      Metrics metrics,
      Clock clock,
      Duration turn,
      Runnable heartbeat) {
    this.times = new ScheduleTimes(schedules, clock.instant());
    this.plans = plans;
    this.claims = claims;
    this.metrics = metrics;
    this.clock = clock;
    this.loop =
        new TurnLoop(
            "schedules",
            List.of(
                new TurnLoop.Step(
                    "what is due", () -> times.due(clock.instant()).forEach(this::fire))),
            turn,
            heartbeat);
  }

  /** Begins; returns at once. */
  public void start() {
    loop.start();
  }

  @Override
  public void close() {
    loop.close();
  }

  /** What comes to nothing now is due again at the next turn, until it is too late. */
  private void fire(ScheduleTimes.Due due) {
    if (!held.contains(due)) {
      Claims.Outcome outcome = claims.claim("schedule:" + due.plan() + ":" + due.time());
      if (outcome == Claims.Outcome.TAKEN) {
        count("elsewhere");
        times.done(due, clock.instant());
      }
      if (outcome != Claims.Outcome.FIRST) {
        return;
      }
      held.clear();
      held.add(due);
    }
    PlanStarter.Started started = plans.start(due.plan(), "schedule " + due.plan());
    if (started.runs().isEmpty()) {
      count("refused");
      log.warn(
          "plan not started at its time plan={} time={} why={}",
          due.plan(),
          due.time(),
          String.join("; ", started.refusals()));
      return;
    }
    count("started");
    log.info("plan started at its time plan={} time={}", due.plan(), due.time());
    times.done(due, clock.instant());
  }

  private void count(String outcome) {
    metrics.counter(Metric.TRIGGERS, TRIGGER, outcome).increment();
  }
}
