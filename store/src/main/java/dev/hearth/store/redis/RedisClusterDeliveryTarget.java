package dev.hearth.store.redis;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.PartitionMemory;
import dev.hearth.store.PartitionRecords;
import dev.hearth.store.Round;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.Turns;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The delivery's side of a Redis Cluster. Each slot has a meta record, which moves and is lost with
 * it; what is written to which is decided by {@link PartitionRecords}.
 *
 * <p>A slot's part of a round is one script: raise, delete and advance in one atomic step. A
 * pipeline as on one server would be wrong here: while a slot moves, its record may be on one node
 * and a key on the other, so that the delete is redirected, is not done, and the advance behind it
 * is. A script is refused as a whole, followed to where the slot is, or lost as a whole in a
 * failover; and whatever is done late or twice finds another record than it expects.
 *
 * <p>Where the cluster cannot run the script, because its keys are on two nodes, the slot's record
 * is removed, and born anew with the next watermark: the entries of one slot in 16,384 are void.
 */
final class RedisClusterDeliveryTarget implements DeliveryTarget {
  private static final PartitionMemory.Moves TO_NOTHING =
      new PartitionMemory.Moves(Optional.empty(), Optional.empty(), Optional.empty());

  private final String name;
  private final Supplier<StatefulRedisClusterConnection<byte[], byte[]>> connections;
  private final RedisLayout.Slots layout;
  private final RedisStore.Options options;
  private final Map<Integer, Opened> opened = new HashMap<>();
  private @Nullable StatefulRedisClusterConnection<byte[], byte[]> connection;

  /**
   * @param connections each a new one, to the cluster as it is now
   */
  RedisClusterDeliveryTarget(
      String name,
      Supplier<StatefulRedisClusterConnection<byte[], byte[]>> connections,
      RedisLayout.Slots layout,
      RedisStore.Options options) {
    this.name = name;
    this.connections = connections;
    this.layout = layout;
    this.options = options;
    connected();
  }

  private record Opened(PartitionRecords records, Turns turns) {}

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<Resume> open(int partition) {
    opened.remove(partition);
    return orUnavailable(redis -> read(redis, partition));
  }

  private Optional<Resume> read(RedisClusterAsyncCommands<byte[], byte[]> redis, int partition) {
    // MGET, because GET fails where somebody put a list under the record's key.
    List<CompletionStage<List<KeyValue<byte[], byte[]>>>> values = new ArrayList<>();
    slots(partition).forEach(slot -> values.add(redis.mget(layout.meta(slot))));
    List<Optional<Meta>> found = new ArrayList<>();
    for (CompletionStage<List<KeyValue<byte[], byte[]>>> value : values) {
      KeyValue<byte[], byte[]> record = await(value).get(0);
      Optional<Meta> meta = record.optional().flatMap(MetaCodec::decode);
      if (record.hasValue() && meta.isEmpty()) {
        // Not a record of ours, or of a layout that this build does not know.
        await(redis.del(record.getKey()));
      }
      found.add(meta);
    }
    PartitionRecords records = new PartitionRecords(found);
    if (records.disagree()) {
      // Half way between two topics, and nobody knows which offset belongs to which history.
      forget(redis, partition);
      return Optional.empty();
    }
    remember(partition, records);
    return records.lowest().map(meta -> new Resume(meta.topicId(), meta.offset()));
  }

  @Override
  public void abandon(int partition) {
    opened.remove(partition);
    orUnavailable(
        redis -> {
          forget(redis, partition);
          return true;
        });
  }

  /** Removes all records of a partition, so that it begins anew. */
  private void forget(RedisClusterAsyncCommands<byte[], byte[]> redis, int partition) {
    List<CompletionStage<Long>> deleted = new ArrayList<>();
    List<Optional<Meta>> nothing = new ArrayList<>();
    slots(partition)
        .forEach(
            slot -> {
              deleted.add(redis.del(layout.meta(slot)));
              nothing.add(Optional.empty());
            });
    deleted.forEach(this::await);
    remember(partition, new PartitionRecords(nothing));
  }

  private void remember(int partition, PartitionRecords records) {
    opened.put(
        partition,
        new Opened(records, new Turns(records.size(), options.advanceEvery(), System::nanoTime)));
  }

  private IntStream slots(int partition) {
    return IntStream.range(layout.firstSlot(partition), layout.firstSlot(partition + 1));
  }

  @Override
  public Map<Integer, RoundOutcome> apply(Collection<Round> rounds) {
    DeliveryTarget.requireApplicable(rounds, opened.keySet());
    return orUnavailable(
        redis -> {
          List<Sent> sent = new ArrayList<>();
          for (Round round : rounds) {
            sent.add(send(redis, round));
          }
          Map<Integer, RoundOutcome> outcomes = new LinkedHashMap<>();
          for (Sent each : sent) {
            outcomes.put(each.partition(), settle(redis, each));
          }
          return outcomes;
        });
  }

  /**
   * What was asked of a slot.
   *
   * @param keys to delete
   * @param moves empty where the slot has no record and gets none
   * @param replaced 1, or 0 where something else was found
   */
  private record SentSlot(
      int slot,
      List<byte[]> keys,
      Optional<PartitionMemory.Moves> moves,
      CompletionStage<Long> replaced) {}

  private record Sent(int partition, Opened opened, List<SentSlot> slots) {}

  private Sent send(RedisClusterAsyncCommands<byte[], byte[]> redis, Round round) {
    Opened partition = opened.get(round.partition());
    if (partition == null) {
      throw new IllegalStateException("partition " + round.partition() + " is not open");
    }
    int firstSlot = layout.firstSlot(round.partition());
    Map<Integer, List<byte[]>> keys = new LinkedHashMap<>();
    for (CacheKey key : round.keys()) {
      keys.computeIfAbsent(KeySlot.of(key.key()) - firstSlot, home -> new ArrayList<>())
          .add(layout.cell(key));
    }
    Map<Integer, PartitionMemory.Moves> moves =
        partition
            .records()
            .moves(round, keys.keySet(), partition.turns().due(), options.incarnations());
    List<SentSlot> slots = new ArrayList<>();
    moves.forEach(
        (home, move) -> {
          List<byte[]> touched = keys.getOrDefault(home, List.of());
          int slot = firstSlot + home;
          slots.add(
              new SentSlot(slot, touched, Optional.of(move), replace(redis, slot, touched, move)));
        });
    keys.forEach(
        (home, touched) -> {
          if (!moves.containsKey(home)) {
            slots.add(
                new SentSlot(firstSlot + home, touched, Optional.empty(), unlink(redis, touched)));
          }
        });
    return new Sent(round.partition(), partition, slots);
  }

  private CompletionStage<Long> replace(
      RedisClusterAsyncCommands<byte[], byte[]> redis,
      int slot,
      List<byte[]> touched,
      PartitionMemory.Moves move) {
    List<byte[]> keys = new ArrayList<>(touched.size() + 1);
    keys.add(layout.meta(slot));
    keys.addAll(touched);
    return RedisScript.APPLY.call(
        redis,
        keys.toArray(byte[][]::new),
        move.expected().map(MetaCodec::encode).orElse(new byte[0]),
        move.result().map(MetaCodec::encode).orElseThrow());
  }

  /** One by one: several keys of a slot that moves may be on two nodes. */
  private static CompletionStage<Long> unlink(
      RedisClusterAsyncCommands<byte[], byte[]> redis, List<byte[]> keys) {
    CompletionStage<Long> all = CompletableFuture.completedStage(1L);
    for (byte[] key : keys) {
      all = all.thenCombine(redis.unlink(key), (one, unlinked) -> one);
    }
    return all;
  }

  private RoundOutcome settle(RedisClusterAsyncCommands<byte[], byte[]> redis, Sent sent) {
    int firstSlot = layout.firstSlot(sent.partition());
    Map<Integer, PartitionMemory.Moves> done = new HashMap<>();
    boolean mismatch = false;
    for (SentSlot each : sent.slots()) {
      Optional<Long> replaced = awaitUnlessOnTheMove(each.replaced());
      if (replaced.isEmpty()) {
        await(redis.del(layout.meta(each.slot())));
        await(unlink(redis, each.keys()));
        done.put(each.slot() - firstSlot, TO_NOTHING);
      } else {
        mismatch |= replaced.get() != 1;
        each.moves().ifPresent(moves -> done.put(each.slot() - firstSlot, moves));
      }
    }
    if (mismatch) {
      opened.remove(sent.partition());
      return RoundOutcome.WENT_BACK;
    }
    sent.opened().records().settle(done);
    return sent.opened().records().complete()
        ? RoundOutcome.APPLIED
        : RoundOutcome.AWAITING_WATERMARK;
  }

  private Optional<Long> awaitUnlessOnTheMove(CompletionStage<Long> stage) {
    return await(
        stage.handle(
            (replaced, failure) -> {
              if (failure == null) {
                return Optional.of(replaced);
              }
              if (RedisFailures.isSlotOnTheMove(failure)) {
                return Optional.empty();
              }
              throw new CompletionException(RedisFailures.cause(failure));
            }));
  }

  private interface Commands<T> {
    T run(RedisClusterAsyncCommands<byte[], byte[]> redis);
  }

  private <T> T orUnavailable(Commands<T> commands) {
    try {
      return commands.run(connected().async());
    } catch (RedisException e) {
      throw unavailable(e);
    }
  }

  private <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(options.timeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw unavailable(RedisFailures.cause(e));
    } catch (TimeoutException | CancellationException e) {
      throw unavailable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable(e);
    }
  }

  private StatefulRedisClusterConnection<byte[], byte[]> connected() {
    StatefulRedisClusterConnection<byte[], byte[]> present = connection;
    if (present == null) {
      present = connections.get();
      connection = present;
    }
    return present;
  }

  private StoreUnavailableException unavailable(Throwable cause) {
    opened.clear();
    close();
    String reason =
        cause instanceof TimeoutException
            ? "no answer within " + options.timeout().toMillis() + " ms"
            : String.valueOf(cause.getMessage());
    return new StoreUnavailableException(
        "store " + name + " did not take a round: " + reason, cause);
  }

  @Override
  public void close() {
    StatefulRedisClusterConnection<byte[], byte[]> present = connection;
    connection = null;
    if (present != null) {
      present.closeAsync();
    }
  }
}
