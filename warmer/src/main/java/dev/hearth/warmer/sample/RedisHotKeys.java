package dev.hearth.warmer.sample;

import dev.hearth.warmer.sample.KeySampler.Sighting;
import dev.hearth.warmer.sample.KeySampler.Step;
import io.lettuce.core.HotkeysArgs;
import io.lettuce.core.HotkeysReply;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The keys that a Redis spends most of its processor time on (HOTKEYS, Redis 8.6 and later), for
 * servers that count no accesses: sessions of some seconds, one after the other. A server has one
 * session at a time, and 64 keys of each. For one thread.
 */
final class RedisHotKeys {
  static final Duration SESSION = Duration.ofSeconds(10);

  /** How long a session outlives a process that was killed. */
  private static final Duration LEFT_BEHIND = Duration.ofMinutes(1);

  private static final Pattern COMMANDS = Pattern.compile("total_commands_processed:(\\d+)");

  private final List<SampledCache> caches;
  private final double perSecond;
  private final Duration session;
  private @Nullable Session begun;

  private record Session(long atNanos, long commands) {}

  /**
   * @param session how long one lasts
   */
  RedisHotKeys(List<SampledCache> caches, Duration session) {
    this.caches = List.copyOf(caches);
    this.perSecond = caches.stream().mapToDouble(SampledCache::perSecond).sum();
    this.session = session;
  }

  /** Whether a server has the command. */
  static boolean isIn(RedisCommands<String, String> redis) {
    return redis.commandInfo("hotkeys").stream().anyMatch(List.class::isInstance);
  }

  /** What the last session found where it is over, else nothing; the next one begins at once. */
  Step next(RedisCommands<String, String> redis) throws SamplingException {
    Session running = begun;
    if (running == null) {
      begin(redis);
      return new Step(List.of(), 1);
    }
    long nanos = System.nanoTime() - running.atNanos();
    if (nanos < session.toNanos()) {
      return new Step(List.of(), 1);
    }
    begun = null;
    long commands = commands(redis) - running.commands();
    @Nullable HotkeysReply found = redis.hotkeysGet();
    if (found == null || !found.isTrackingActive()) {
      // Somebody ended it: nobody knows which time it speaks of.
      begin(redis);
      return new Step(List.of(), 1);
    }
    redis.hotkeysStop();
    begin(redis);
    double seconds = nanos / 1e9;
    return new Step(
        sightings(
            caches, found.getByCpuTimeUs(), found.getAllCommandsAllSlotsUs(), commands, seconds),
        Math.max(1, Math.round(perSecond * seconds)));
  }

  private void begin(RedisCommands<String, String> redis) throws SamplingException {
    try {
      redis.hotkeysStart(
          new HotkeysArgs()
              .metrics(HotkeysArgs.Metric.CPU)
              .count(HotkeysArgs.COUNT_MAX)
              .duration(session.plus(LEFT_BEHIND)));
      begun = new Session(System.nanoTime(), commands(redis));
    } catch (RedisCommandExecutionException e) {
      throw new SamplingException(
          "Redis counts no accesses, and its HOTKEYS are not to be had: "
              + e.getMessage()
              + "; set maxmemory-policy to allkeys-lfu or volatile-lfu, or have the clients report"
              + " (docs/heat.md)",
          e);
    }
  }

  private static long commands(RedisCommands<String, String> redis) {
    Matcher matcher = COMMANDS.matcher(redis.info("stats"));
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  /**
   * Keys of the caches, each with as many reads as commands of average cost take its time: one that
   * costs twice as much counts double. Pure.
   *
   * @param micros processor time by key
   * @param allMicros of all commands
   * @param commands in that time
   */
  static List<Sighting> sightings(
      List<SampledCache> caches,
      Map<String, Long> micros,
      long allMicros,
      long commands,
      double seconds) {
    List<Sighting> sightings = new ArrayList<>();
    if (allMicros <= 0 || commands <= 0) {
      return sightings;
    }
    double microsPerCommand = (double) allMicros / commands;
    micros.forEach(
        (key, spent) -> {
          if (spent > 0) {
            SampledCache.of(caches, key)
                .ifPresent(
                    cache ->
                        sightings.add(
                            new Sighting(cache, key, spent / microsPerCommand / seconds)));
          }
        });
    return sightings;
  }

  /** Leaves the server to others, if a session is under way. */
  void end(RedisCommands<String, String> redis) {
    if (begun != null) {
      begun = null;
      redis.hotkeysStop();
    }
  }

  /** The connection is lost, and with it what is known of the session, which ends by itself. */
  void forget() {
    begun = null;
  }
}
