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
 * them counts as an access.
 */
final class RedisSampler implements KeySampler {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final String store;
  private final List<SampledCache> caches;
  private final RedisClient client;
  private @Nullable StatefulRedisConnection<String, String> connection;
  private LfuCounter counter = LfuCounter.DEFAULTS;
  private ScanCursor cursor = ScanCursor.INITIAL;

  /** Names a server, or the sentinels that know it; nothing is connected yet. */
  RedisSampler(String store, RedisURI server, List<SampledCache> caches) {
    this.store = store;
    this.caches = List.copyOf(caches);
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
      KeyScanCursor<String> scanned = open.sync().scan(cursor, ScanArgs.Builder.limit(most));
      cursor = scanned.isFinished() ? ScanCursor.INITIAL : scanned;
      return new Step(sightings(open, scanned.getKeys()), open.sync().dbsize());
    } catch (RedisException | CompletionException | CancellationException e) {
      disconnect();
      throw refused(e);
    }
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

  private SamplingException refused(Exception e) {
    Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
    String message = String.valueOf(cause.getMessage());
    if (message.contains("LFU")) {
      return new SamplingException(
          "store "
              + store
              + ": Redis counts no accesses, for its maxmemory-policy is none of LFU; set"
              + " maxmemory-policy to allkeys-lfu or volatile-lfu, or have the clients report"
              + " (docs/heat.md)",
          e);
    }
    return new SamplingException(
        "store " + store + ": Redis cannot be sampled: " + message + "; it is asked again", e);
  }

  private void disconnect() {
    if (connection != null) {
      connection.closeAsync();
      connection = null;
    }
  }

  @Override
  public void close() {
    disconnect();
    client.shutdown(Duration.ZERO, TIMEOUT);
  }
}
