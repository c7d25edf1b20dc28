package dev.hearth.store.redis;

import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.PartitionMemory;
import dev.hearth.store.Round;
import dev.hearth.store.StoreUnavailableException;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The delivery's side of a Redis server: for each round, in one pipeline and in this order, raise B
 * by compare-and-set, unlink the keys, advance A by compare-and-set. One connection executes its
 * commands in order, so nothing has to be awaited in between; when the first compare-and-set finds
 * something else, the second one does too.
 *
 * <p>That holds for one server. So the connection never reconnects by itself: a pipeline whose
 * unlinks went to the old server and whose advance went to the new one would certify what the new
 * one never did. Whatever goes wrong, the connection is thrown away, and the next {@link #open}
 * makes another and reads what stands there.
 */
final class RedisDeliveryTarget implements DeliveryTarget {
  private static final int KEYS_PER_COMMAND = 512;

  private final String name;
  private final Supplier<StatefulRedisConnection<byte[], byte[]>> connections;
  private final RedisLayout.OneServer layout;
  private final Duration timeout;
  private final LongSupplier incarnations;
  private final Map<Integer, PartitionMemory> memories = new HashMap<>();
  private @Nullable StatefulRedisConnection<byte[], byte[]> connection;

  /**
   * @param connections each a new one, which does not reconnect
   */
  RedisDeliveryTarget(
      String name,
      Supplier<StatefulRedisConnection<byte[], byte[]>> connections,
      RedisLayout.OneServer layout,
      RedisStore.Options options) {
    this.name = name;
    this.connections = connections;
    this.layout = layout;
    this.timeout = options.timeout();
    this.incarnations = options.incarnations();
    connected();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<Resume> open(int partition) {
    memories.remove(partition);
    // MGET, because GET fails where somebody put a list under the record's key.
    List<KeyValue<byte[], byte[]>> values =
        flushAndAwait(redis -> redis.mget(layout.meta(partition)));
    Optional<Meta> found = values.get(0).optional().flatMap(MetaCodec::decode);
    if (found.isEmpty()) {
      // Nothing, or no record of ours, or of a layout that this build does not know.
      delete(partition);
    }
    memories.put(partition, new PartitionMemory(found));
    return found.map(meta -> new Resume(meta.topicId(), meta.offset()));
  }

  @Override
  public void abandon(int partition) {
    delete(partition);
    memories.put(partition, PartitionMemory.NOTHING);
  }

  private void delete(int partition) {
    flushAndAwait(redis -> redis.del(new byte[][] {layout.meta(partition)}));
  }

  @Override
  public Map<Integer, RoundOutcome> apply(Collection<Round> rounds) {
    DeliveryTarget.requireApplicable(rounds, memories.keySet());
    StatefulRedisConnection<byte[], byte[]> to = connected();
    try {
      List<Sent> sent = new ArrayList<>();
      for (Round round : rounds) {
        sent.add(send(to.async(), round));
      }
      to.flushCommands();
      Map<Integer, RoundOutcome> outcomes = new LinkedHashMap<>();
      for (Sent each : sent) {
        outcomes.put(each.partition(), settle(each));
      }
      return outcomes;
    } catch (RedisException e) {
      throw unavailable(e);
    }
  }

  private record Sent(
      int partition,
      PartitionMemory.Moves moves,
      List<CompletionStage<Long>> replaced,
      List<CompletionStage<Long>> unlinked) {}

  private Sent send(RedisAsyncCommands<byte[], byte[]> redis, Round round) {
    PartitionMemory memory = memories.getOrDefault(round.partition(), PartitionMemory.NOTHING);
    PartitionMemory.Moves moves = memory.moves(round, incarnations);
    List<CompletionStage<Long>> replaced = new ArrayList<>(2);
    List<CompletionStage<Long>> unlinked = new ArrayList<>();
    moves.raise().ifPresent(raise -> replaced.add(replace(redis, round, moves.expected(), raise)));
    List<byte[]> keys = new ArrayList<>(KEYS_PER_COMMAND);
    for (CacheKey key : round.keys()) {
      keys.add(layout.cell(key));
      if (keys.size() == KEYS_PER_COMMAND) {
        unlinked.add(redis.unlink(keys.toArray(byte[][]::new)));
        keys.clear();
      }
    }
    if (!keys.isEmpty()) {
      unlinked.add(redis.unlink(keys.toArray(byte[][]::new)));
    }
    moves
        .advance()
        .ifPresent(
            advance ->
                replaced.add(replace(redis, round, moves.raise().or(moves::expected), advance)));
    return new Sent(round.partition(), moves, replaced, unlinked);
  }

  private CompletionStage<Long> replace(
      RedisAsyncCommands<byte[], byte[]> redis, Round round, Optional<Meta> expected, Meta next) {
    return RedisScript.REPLACE_META.inFull(
        redis,
        new byte[][] {layout.meta(round.partition())},
        expected.map(MetaCodec::encode).orElse(new byte[0]),
        MetaCodec.encode(next));
  }

  private RoundOutcome settle(Sent sent) {
    for (CompletionStage<Long> unlinked : sent.unlinked()) {
      await(unlinked);
    }
    for (CompletionStage<Long> replaced : sent.replaced()) {
      if (await(replaced) != 1) {
        memories.remove(sent.partition());
        return RoundOutcome.WENT_BACK;
      }
    }
    memories.put(sent.partition(), new PartitionMemory(sent.moves().result()));
    return sent.moves().result().isPresent()
        ? RoundOutcome.APPLIED
        : RoundOutcome.AWAITING_WATERMARK;
  }

  private interface Command<T> {
    CompletionStage<T> send(RedisAsyncCommands<byte[], byte[]> redis);
  }

  private <T> T flushAndAwait(Command<T> command) {
    StatefulRedisConnection<byte[], byte[]> to = connected();
    try {
      CompletionStage<T> answer = command.send(to.async());
      to.flushCommands();
      return await(answer);
    } catch (RedisException e) {
      throw unavailable(e);
    }
  }

  private <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw unavailable(e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException | CancellationException e) {
      throw unavailable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable(e);
    }
  }

  private StatefulRedisConnection<byte[], byte[]> connected() {
    StatefulRedisConnection<byte[], byte[]> present = connection;
    if (present == null) {
      present = connections.get();
      present.setAutoFlushCommands(false);
      connection = present;
    }
    return present;
  }

  private StoreUnavailableException unavailable(Throwable cause) {
    memories.clear();
    close();
    String reason =
        cause instanceof TimeoutException
            ? "no answer within " + timeout.toMillis() + " ms"
            : String.valueOf(cause.getMessage());
    return new StoreUnavailableException(
        "store " + name + " did not take a round: " + reason, cause);
  }

  @Override
  public void close() {
    StatefulRedisConnection<byte[], byte[]> present = connection;
    connection = null;
    if (present != null) {
      // What is still in flight runs on that server or nowhere.
      present.closeAsync();
    }
  }
}
