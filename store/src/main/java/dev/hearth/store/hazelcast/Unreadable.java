package dev.hearth.store.hazelcast;

import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a value that somebody else put there and whose class this process does not have, or
 * cannot read: Hazelcast fails every call that would return one.
 */
enum Unreadable {
  VALUE;

  /** What stands under a name, read or not. */
  static @Nullable Object get(IMap<String, Object> entries, String name) {
    try {
      return entries.get(name);
    } catch (HazelcastSerializationException e) {
      return VALUE;
    }
  }

  /** As {@link #get}, without waiting. */
  static CompletableFuture<@Nullable Object> getAsync(IMap<String, Object> entries, String name) {
    CompletionStage<@Nullable Object> answer = entries.getAsync(name);
    return Answers.<@Nullable Object>of(answer).exceptionally(Unreadable::orFail);
  }

  private static Object orFail(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof HazelcastSerializationException) {
      return VALUE;
    }
    throw failure instanceof CompletionException already
        ? already
        : new CompletionException(failure);
  }
}
