package dev.hearth.chassis.config;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Optional;

/**
 * Times named by the five fields of cron in a time zone. Immutable, any thread.
 *
 * <p>Where the clocks go forward, a time that does not exist is the first that does; where they go
 * back, cron-utils decides, and a plan may run twice.
 */
public final class CronSchedule {
  private final ZoneId zone;
  private final ExecutionTime times;

  private CronSchedule(ZoneId zone, ExecutionTime times) {
    this.zone = zone;
    this.times = times;
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException where it is none; the message says why
   * @throws DateTimeException where there is no such zone
   */
  public static CronSchedule parse(String expression, String timeZone) {
    CronParser parser = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    return new CronSchedule(
        ZoneId.of(timeZone), ExecutionTime.forCron(parser.parse(expression).validate()));
  }

  /** The first time after {@code now}; empty where there is none any more. */
  public Optional<Instant> after(Instant now) {
    return times.nextExecution(now.atZone(zone)).map(ZonedDateTime::toInstant);
  }
}
