package dev.hearth.guarantees;

import dev.hearth.store.CacheKey;
import dev.hearth.store.CellCodec;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/** A Redis store whose fills overwrite whatever is there: the protocol without its lease. */
final class FillsWithoutLease implements FencedStore {
  private final FencedStore fenced;
  private final RedisClient client;
  private final StatefulRedisConnection<byte[], byte[]> connection;

  /** Reads go to the fenced store, which stays open; fills to the same server. */
  FillsWithoutLease(FencedStore fenced, String uri) {
    this.fenced = fenced;
    this.client = RedisClient.create(uri);
    this.connection = client.connect(ByteArrayCodec.INSTANCE);
  }

  @Override
  public String name() {
    return fenced.name();
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    return fenced.get(key);
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    return fenced.get(key, tags);
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return fenced.peek(key);
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    return connection
        .async()
        .psetex(
            key.key().getBytes(StandardCharsets.UTF_8),
            ttl.toMillis(),
            CellCodec.entry(lease, value))
        .thenApply(stored -> FillOutcome.STORED);
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    return fenced.release(key, lease);
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    return fenced.keys(cache, prefix);
  }

  @Override
  public void close() {
    connection.close();
    client.shutdown();
  }
}
