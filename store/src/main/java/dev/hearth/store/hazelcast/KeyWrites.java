package dev.hearth.store.hazelcast;

import com.hazelcast.client.impl.clientside.HazelcastClientInstanceImpl;
import com.hazelcast.client.impl.clientside.HazelcastClientProxy;
import com.hazelcast.client.impl.protocol.ClientMessage;
import com.hazelcast.client.impl.protocol.codec.MapDeleteCodec;
import com.hazelcast.client.impl.protocol.codec.MapSetCodec;
import com.hazelcast.client.impl.spi.impl.ClientInvocation;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.map.IMap;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Writes to single keys of a map, many of them on their way at once. Thread-safe.
 *
 * <p>{@link IMap} has such methods, but the future of each hands its own completion to the common
 * pool, and where that has one thread (on two processors) to a <em>new</em> thread; no executor
 * that a caller names changes it. Measured on 5.7.0, two processors: a thread for each delete. So a
 * delivery uses none of them.
 */
sealed interface KeyWrites {
  /**
   * Removes what stands under a key.
   *
   * @return ends when it is done, with its backups; to be waited for, since what is chained to it
   *     might run in a thread of Hazelcast
   */
  Future<?> delete(String key);

  /** Puts a value under a key, whatever stands there; returns as {@link #delete}. */
  Future<?> set(String key, byte[] value, Duration ttl);

  static KeyWrites of(HazelcastLayout layout, BlockingCalls calls) {
    return layout.hazelcast() instanceof HazelcastClientProxy client
        ? new OfClient(client.client, layout.entries().getName())
        : new OfMember(layout.entries(), calls);
  }

  /** The messages that the client's own map would send, without its futures around the answers. */
  record OfClient(HazelcastClientInstanceImpl client, String map) implements KeyWrites {
    @Override
    public Future<?> delete(String key) {
      Data name = data(key);
      return send(MapDeleteCodec.encodeRequest(map, name, thread()), name);
    }

    @Override
    public Future<?> set(String key, byte[] value, Duration ttl) {
      Data name = data(key);
      return send(
          MapSetCodec.encodeRequest(map, name, data(value), thread(), ttl.toMillis()), name);
    }

    private Future<?> send(ClientMessage request, Data key) {
      int partition = client.getClientPartitionService().getPartitionId(key);
      return new ClientInvocation(client, request, map, partition).invoke();
    }

    private Data data(Object object) {
      return client.getSerializationService().toData(object);
    }

    /** Names who holds a lock; nobody locks these keys. */
    private static long thread() {
      return Thread.currentThread().getId();
    }
  }

  /** A delivery inside a member is no usual thing: as many at once as it has threads. */
  record OfMember(IMap<String, Object> entries, BlockingCalls calls) implements KeyWrites {
    @Override
    public Future<?> delete(String key) {
      return calls.call(
          () -> {
            entries.delete(key);
            return true;
          });
    }

    @Override
    public Future<?> set(String key, byte[] value, Duration ttl) {
      return calls.call(
          () -> {
            entries.set(key, value, ttl.toMillis(), TimeUnit.MILLISECONDS);
            return true;
          });
    }
  }
}
