package dev.hearth.store.hazelcast;

import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * Blocking calls, apart by the member that answers them: one that hangs holds its own threads, not
 * those of the others. Thread-safe.
 */
final class CallsByMember implements AutoCloseable {
  private final Supplier<BlockingCalls> source;
  private final Map<UUID, BlockingCalls> members = new ConcurrentHashMap<>();
  private volatile boolean closed;

  CallsByMember(Supplier<BlockingCalls> source) {
    this.source = source;
  }

  /** As {@link BlockingCalls#call(Supplier, Duration)}. */
  <T> CompletableFuture<T> call(UUID member, Supplier<T> blocking, Duration within) {
    if (closed) {
      return CompletableFuture.failedFuture(new RejectedExecutionException("closed"));
    }
    return members.computeIfAbsent(member, same -> source.get()).call(blocking, within);
  }

  @Override
  public void close() {
    closed = true;
    members.values().forEach(BlockingCalls::close);
  }
}
