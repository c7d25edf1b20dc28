package dev.hearth.store.redis;

import dev.hearth.store.CacheKey;
import dev.hearth.store.Cell;
import dev.hearth.store.CellCodec;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Decision;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.StoreRoom;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.TagRead;
import dev.hearth.store.Value;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.sync.RedisKeyCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Readers' and fillers' side of Redis, whatever its topology. A hit is one MGET; a miss is one
 * script more, which puts the marker and reads the meta record after it. Thread-safe; commands of
 * all threads share one connection and are pipelined by it.
 */
final class RedisFencedStore implements FencedStore {
  private static final int SCAN_PAGE = 1000;

  private final String name;
  private final StatefulConnection<byte[], byte[]> connection;
  private final RedisClusterAsyncCommands<byte[], byte[]> redis;
  private final RedisKeyCommands<byte[], byte[]> scanned;
  private final RedisLayout layout;
  private final RedisReads reads;
  private final RedisStore.Options options;
  private final Supplier<CompletionStage<List<StoreRoom>>> rooms;

  /**
   * @param connection that the commands go through; closed with this store
   * @param scanned the same, for listing keys
   * @param rooms asks every server that holds entries
   */
  RedisFencedStore(
      String name,
      StatefulConnection<byte[], byte[]> connection,
      RedisClusterAsyncCommands<byte[], byte[]> redis,
      RedisKeyCommands<byte[], byte[]> scanned,
      Supplier<CompletionStage<List<StoreRoom>>> rooms,
      RedisLayout layout,
      RedisStore.Options options) {
    this.name = name;
    this.connection = connection;
    this.redis = redis;
    this.scanned = scanned;
    this.rooms = rooms;
    this.layout = layout;
    this.reads = new RedisReads(redis, layout);
    this.options = options;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    CompletionStage<ReadOutcome> outcome =
        redis
            .mget(layout.cell(key), layout.meta(key))
            .thenCompose(
                found ->
                    decide(key, RedisReads.bytes(found, 0), RedisReads.bytes(found, 1), List.of()));
    return orUnavailable("a read", whileSlotMoves(outcome, new ReadOutcome.Uncertain()));
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    if (tags.isEmpty()) {
      return get(key);
    }
    List<CacheKey> keys = Stream.concat(Stream.of(key), tags.stream()).toList();
    CompletionStage<ReadOutcome> outcome =
        reads
            .read(keys)
            .thenCompose(
                found -> {
                  RedisReads.Found own = found.get(0);
                  return decide(key, own.cell(), own.meta(), tagReads(tags, found));
                });
    return orUnavailable("a read", whileSlotMoves(outcome, new ReadOutcome.Uncertain()));
  }

  private List<TagRead> tagReads(List<CacheKey> tags, List<RedisReads.Found> found) {
    return IntStream.range(0, tags.size())
        .mapToObj(
            n -> {
              CacheKey tag = tags.get(n);
              RedisReads.Found at = found.get(n + 1);
              return new TagRead(tag, cell(tag, at.cell()), meta(at.meta()));
            })
        .toList();
  }

  private CompletionStage<ReadOutcome> decide(
      CacheKey key, byte[] cell, byte[] meta, List<TagRead> tags) {
    Decision decision = FencedProtocol.decide(key.cache(), cell(key, cell), meta(meta), tags);
    if (decision instanceof Decision.Answer answer) {
      return CompletableFuture.completedStage(answer.outcome());
    }
    return acquire(key, cell, tags);
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    CompletionStage<Optional<ReadOutcome.Hit>> hit =
        redis
            .mget(layout.cell(key), layout.meta(key))
            .thenApply(
                found ->
                    FencedProtocol.decide(
                            key.cache(),
                            cell(key, RedisReads.bytes(found, 0)),
                            meta(RedisReads.bytes(found, 1)))
                        .hit());
    return orUnavailable("a peek", whileSlotMoves(hit, Optional.empty()));
  }

  private CompletionStage<ReadOutcome> acquire(CacheKey key, byte[] seen, List<TagRead> tags) {
    LeaseToken token = options.tokens().get();
    CompletionStage<List<Object>> answer =
        RedisScript.ACQUIRE.call(
            redis,
            new byte[][] {layout.cell(key), layout.meta(key)},
            CellCodec.marker(token),
            text(options.leaseTime().toMillis()),
            seen);
    return answer.thenCompose(
        parts -> {
          boolean granted = ((Long) parts.get(0)) == 1;
          byte[] cell = (byte[]) parts.get(1);
          byte[] meta = (byte[]) parts.get(2);
          if (((Long) parts.get(3)) == 1) {
            options.foreign().accept(key);
          }
          if (!granted) {
            return decide(key, cell, meta, tags);
          }
          ReadOutcome outcome =
              meta(meta)
                  .map(known -> FencedProtocol.granted(key, token, known, tags))
                  .orElseGet(ReadOutcome.Uncertain::new);
          return CompletableFuture.completedStage(outcome);
        });
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    CompletionStage<Long> stored =
        RedisScript.FILL.call(
            redis,
            new byte[][] {layout.cell(key)},
            CellCodec.marker(lease.token()),
            CellCodec.entry(lease, value),
            text(Math.max(1, ttl.toMillis())));
    return orUnavailable(
        "a fill", stored.thenApply(one -> one == 1 ? FillOutcome.STORED : FillOutcome.LEASE_LOST));
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    CompletionStage<Long> removed =
        RedisScript.RELEASE.call(
            redis, new byte[][] {layout.cell(key)}, CellCodec.marker(lease.token()));
    return orUnavailable("a release", removed.thenAccept(one -> {}));
  }

  /** A cluster has the cell on one node and the record on another for a moment. */
  private static <T> CompletionStage<T> whileSlotMoves(CompletionStage<T> stage, T answer) {
    return stage.exceptionallyCompose(
        failure ->
            RedisFailures.isSlotOnTheMove(failure)
                ? CompletableFuture.completedStage(answer)
                : CompletableFuture.failedStage(failure));
  }

  private <T> CompletionStage<T> orUnavailable(String what, CompletionStage<T> stage) {
    return stage.exceptionallyCompose(
        failure -> {
          Throwable cause = RedisFailures.cause(failure);
          return CompletableFuture.failedStage(
              new StoreUnavailableException(
                  "store " + name + " did not answer " + what + ": " + cause.getMessage(), cause));
        });
  }

  @Override
  public CompletionStage<Optional<byte[]>> raw(CacheKey key) {
    CompletionStage<Optional<byte[]>> found =
        redis
            .get(layout.cell(key))
            .handle(
                (bytes, failure) -> {
                  if (failure == null) {
                    return CompletableFuture.completedStage(Optional.ofNullable(bytes));
                  }
                  // A list, a hash: not what a reader of texts would get.
                  return failure instanceof RedisCommandExecutionException
                      ? CompletableFuture.completedStage(Optional.<byte[]>empty())
                      : CompletableFuture.<Optional<byte[]>>failedStage(failure);
                })
            .thenCompose(stage -> stage);
    return orUnavailable("a look", found);
  }

  @Override
  public CompletionStage<Optional<Meta>> meta(CacheKey key) {
    CompletionStage<Optional<Meta>> found =
        redis
            .get(layout.meta(key))
            .thenApply(bytes -> bytes == null ? Optional.empty() : meta(bytes));
    return orUnavailable("a look at its positions", whileSlotMoves(found, Optional.empty()));
  }

  @Override
  public CompletionStage<List<StoreRoom>> room() {
    return orUnavailable("a question for its memory", rooms.get());
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    String metaPrefix = layout.metaPrefix();
    // SCAN may name a key twice; an audit does not mind, a count would.
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(scan(prefix), Spliterator.NONNULL), false)
        .map(key -> new String(key, StandardCharsets.UTF_8))
        .filter(key -> !key.startsWith(metaPrefix))
        .distinct();
  }

  private Iterator<byte[]> scan(String prefix) {
    byte[] pattern = (escape(prefix) + "*").getBytes(StandardCharsets.UTF_8);
    ScanIterator<byte[]> scan =
        ScanIterator.scan(scanned, ScanArgs.Builder.limit(SCAN_PAGE).match(pattern));
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return orUnavailable(scan::hasNext);
      }

      @Override
      public byte[] next() {
        return orUnavailable(scan::next);
      }
    };
  }

  private <T> T orUnavailable(Supplier<T> page) {
    try {
      return page.get();
    } catch (RedisException e) {
      throw new StoreUnavailableException(
          "store " + name + " did not list its keys: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    connection.close();
  }

  /** Glob characters of MATCH stand for themselves. */
  private static String escape(String literal) {
    return literal.replaceAll("[\\\\*?\\[\\]^]", "\\\\$0");
  }

  private static byte[] text(long number) {
    return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }

  /** Scripts and MGET answer "nothing" as no bytes; no cell of ours is that short. */
  private Optional<Cell> cell(CacheKey key, byte[] bytes) {
    if (bytes.length == 0) {
      return Optional.empty();
    }
    Cell cell = CellCodec.decode(bytes);
    if (cell instanceof Cell.Foreign) {
      options.foreign().accept(key);
    }
    return Optional.of(cell);
  }

  private static Optional<Meta> meta(byte[] bytes) {
    return MetaCodec.decode(bytes);
  }
}
