package dev.hearth.store.hazelcast;

import com.hazelcast.client.impl.clientside.HazelcastClientInstanceImpl;
import com.hazelcast.client.impl.clientside.HazelcastClientProxy;
import com.hazelcast.client.impl.protocol.codec.MCGetMapConfigCodec;
import com.hazelcast.client.impl.spi.impl.ClientInvocation;
import com.hazelcast.config.EvictionConfig;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.MaxSizePolicy;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.hearth.store.StoreRoom;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * How many entries the members of a cluster let a map have. Limits in bytes of heap, which only the
 * members themselves can compare with their heap, count as none. Thread-safe; blocks.
 */
final class HazelcastRoom {
  private final HazelcastInstance hazelcast;
  private final IMap<String, Object> entries;
  private final Duration timeout;

  HazelcastRoom(HazelcastInstance hazelcast, IMap<String, Object> entries, Duration timeout) {
    this.hazelcast = hazelcast;
    this.entries = entries;
    this.timeout = timeout;
  }

  /** How a map makes room. */
  private record Eviction(EvictionPolicy policy, MaxSizePolicy counts, int size) {}

  StoreRoom ask() {
    Eviction eviction = eviction();
    boolean evicts = eviction.policy() != EvictionPolicy.NONE;
    return new StoreRoom(
        "map " + entries.getName(),
        StoreRoom.Unit.ENTRIES,
        entries.size(),
        evicts ? limit(eviction) : OptionalLong.empty(),
        evicts,
        OptionalLong.empty());
  }

  private OptionalLong limit(Eviction eviction) {
    return switch (eviction.counts()) {
      case PER_NODE ->
          OptionalLong.of((long) eviction.size() * hazelcast.getCluster().getMembers().size());
      case PER_PARTITION ->
          OptionalLong.of(
              (long) eviction.size() * hazelcast.getPartitionService().getPartitions().size());
      default -> OptionalLong.empty();
    };
  }

  private Eviction eviction() {
    if (!(hazelcast instanceof HazelcastClientProxy client)) {
      EvictionConfig own =
          hazelcast.getConfig().findMapConfig(entries.getName()).getEvictionConfig();
      return new Eviction(own.getEvictionPolicy(), own.getMaxSizePolicy(), own.getSize());
    }
    // The client has no method for it; its cluster's Management Center asks so.
    HazelcastClientInstanceImpl inside = client.client;
    try {
      MCGetMapConfigCodec.ResponseParameters answer =
          MCGetMapConfigCodec.decodeResponse(
              new ClientInvocation(
                      inside, MCGetMapConfigCodec.encodeRequest(entries.getName()), null)
                  .invoke()
                  .get(timeout.toMillis(), TimeUnit.MILLISECONDS));
      return new Eviction(
          EvictionPolicy.getById(answer.evictionPolicy),
          MaxSizePolicy.getById(answer.maxSizePolicy),
          answer.maxSize);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the members do not say how they evict entries of map " + entries.getName(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
