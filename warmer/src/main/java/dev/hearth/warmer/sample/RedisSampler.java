package dev.hearth.warmer.sample;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The access counters of one Redis server or master (OBJECT FREQ), which its LFU eviction policies
 * keep. A step is one SCAN, DBSIZE, and one pipelined OBJECT FREQ for each key of a cache: none of
 * them counts as an access. Under another policy it asks for {@link RedisHotKeys} where the server
 * has them.
 */
final class RedisSampler implements KeySampler {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final String store;
  private final List<SampledCache> caches;
  private final RedisHotKeys hotKeys;
  private final RedisClient client;
  private @Nullable StatefulRedisConnection<String, String> connection;
  private LfuCounter counter = LfuCounter.DEFAULTS;
  private ScanCursor cursor = ScanCursor.INITIAL;

  /** Names a server, or the sentinels that know it; nothing is connected yet. */
  RedisSampler(String store, RedisURI server, List<SampledCache> caches) {
    this(store, server, caches, RedisHotKeys.SESSION);
  }

  /**
   * @param session of HOTKEYS
   */
  RedisSampler(String store, RedisURI server, List<SampledCache> caches, Duration session) {
    this.store = store;
    this.caches = List.copyOf(caches);
    this.hotKeys = new RedisHotKeys(caches, session);
    this.client = RedisClient.create(server);
    client.setOptions(
        ClientOptions.builder()
            .autoReconnect(false)
            .timeoutOptions(TimeoutOptions.enabled(TIMEOUT))
            .build());
  }

  @Override
  public Step next(int most) throws SamplingException {
    try {
      StatefulRedisConnection<String, String> open = connected();
      try {
        Step step = counters(open, most);
        hotKeys.end(open.sync());
        return step;
      } catch (RedisException | CompletionException e) {
        if (isOfAnotherPolicy(e) && RedisHotKeys.isIn(open.sync())) {
          return hotKeys.next(open.sync());
        }
        throw e;
      }
    } catch (RedisException | CompletionException | CancellationException e) {
      disconnect();
      throw refused(e);
    } catch (SamplingException e) {
      throw new SamplingException("store " + store + ": " + e.getMessage(), e);
    }
  }

  private Step counters(StatefulRedisConnection<String, String> open, int most) {
    KeyScanCursor<String> scanned = open.sync().scan(cursor, ScanArgs.Builder.limit(most));
    cursor = scanned.isFinished() ? ScanCursor.INITIAL : scanned;
    return new Step(sightings(open, scanned.getKeys()), open.sync().dbsize());
  }

  private List<Sighting> sightings(
      StatefulRedisConnection<String, String> open, List<String> keys) {
    Map<String, String> cacheOf = new LinkedHashMap<>();
    keys.forEach(key -> SampledCache.of(caches, key).ifPresent(cache -> cacheOf.put(key, cache)));
    Map<String, RedisFuture<Long>> counters = new LinkedHashMap<>();
    cacheOf.keySet().forEach(key -> counters.put(key, open.async().objectFreq(key)));
    List<Sighting> sightings = new ArrayList<>();
    counters.forEach(
        (key, asked) -> {
          // Null where the key went meanwhile.
          Long value = asked.toCompletableFuture().join();
          double rate = value == null ? 0 : counter.readsPerSecond(value);
          if (rate > 0) {
            sightings.add(new Sighting(String.valueOf(cacheOf.get(key)), key, rate));
          }
        });
    return sightings;
  }

  private StatefulRedisConnection<String, String> connected() {
    StatefulRedisConnection<String, String> open = connection;
    if (open == null) {
      open = client.connect();
      connection = open;
      cursor = ScanCursor.INITIAL;
      counter = counterOf(open);
    }
    return open;
  }

  /** What a managed Redis does not let its users read has its default. */
  private static LfuCounter counterOf(StatefulRedisConnection<String, String> open) {
    try {
      Map<String, String> found = open.sync().configGet("lfu-*");
      return new LfuCounter(
          number(found, "lfu-log-factor").orElse(LfuCounter.DEFAULTS.factor()),
          number(found, "lfu-decay-time").orElse(LfuCounter.DEFAULTS.decayMinutes()));
    } catch (RedisCommandExecutionException e) {
      return LfuCounter.DEFAULTS;
    }
  }

  private static Optional<Long> number(Map<String, String> found, String name) {
    return Optional.ofNullable(found.get(name)).map(Long::valueOf);
  }

  private static String message(Exception e) {
    Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
    return String.valueOf(cause.getMessage());
  }

  private static boolean isOfAnotherPolicy(Exception e) {
    return message(e).contains("LFU");
  }

  private SamplingException refused(Exception e) {
    if (isOfAnotherPolicy(e)) {
      return new SamplingException(
          "store "
              + store
              + ": Redis counts no accesses, for its maxmemory-policy is none of LFU; set"
              + " maxmemory-policy to allkeys-lfu or volatile-lfu, use Redis 8.6 or later, or have"
              + " the clients report (docs/heat.md)",
          e);
    }
    return new SamplingException(
        "store " + store + ": Redis cannot be sampled: " + message(e) + "; it is asked again", e);
  }

  private void disconnect() {
    if (connection != null) {
      connection.closeAsync();
      connection = null;
      hotKeys.forget();
    }
  }

  @Override
  public void close() {
    try {
      if (connection != null) {
        hotKeys.end(connection.sync());
      }
    } catch (RedisException e) {
      // It ends by itself.
    }
    disconnect();
    client.shutdown(Duration.ZERO, TIMEOUT);
  }
}
