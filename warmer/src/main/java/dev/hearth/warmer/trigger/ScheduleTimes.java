package dev.hearth.warmer.trigger;

import dev.hearth.chassis.config.CronSchedule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which plan is due, by the clock that it is told. A time that passed while nobody looked, before
 * the start or in a long sleep, is left out: what it would have warmed is older than what traffic
 * has warmed since. For one thread.
 */
final class ScheduleTimes {
  /** How late a plan may still start. */
  static final Duration LATEST = Duration.ofMinutes(1);

  private final Map<String, CronSchedule> schedules;
  private final Map<String, Instant> next = new LinkedHashMap<>();

  /** A plan, and the time that it is due for. */
  record Due(String plan, Instant time) {}

  ScheduleTimes(Map<String, CronSchedule> schedules, Instant now) {
    this.schedules = Map.copyOf(schedules);
    schedules.keySet().forEach(plan -> advance(plan, now));
  }

  /** Plans that are due, again at every call until {@link #done} or too late. */
  List<Due> due(Instant now) {
    List<Due> due = new ArrayList<>();
    for (String plan : schedules.keySet()) {
      Optional<Instant> after = after(plan, now);
      Instant time = next.get(plan);
      // The clock was set back.
      if (after.isPresent() && (time == null || after.get().isBefore(time))) {
        next.put(plan, after.get());
      } else if (time != null && !now.isBefore(time)) {
        if (now.isAfter(time.plus(LATEST))) {
          advance(plan, now);
        } else {
          due.add(new Due(plan, time));
        }
      }
    }
    return due;
  }

  /** What was due has been taken care of, here or elsewhere. */
  void done(Due due, Instant now) {
    advance(due.plan(), now.isBefore(due.time()) ? due.time() : now);
  }

  private void advance(String plan, Instant now) {
    after(plan, now).ifPresentOrElse(time -> next.put(plan, time), () -> next.remove(plan));
  }

  private Optional<Instant> after(String plan, Instant now) {
    CronSchedule schedule = schedules.get(plan);
    return schedule == null ? Optional.empty() : schedule.after(now);
  }
}
