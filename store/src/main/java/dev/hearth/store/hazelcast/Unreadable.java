package dev.hearth.store.hazelcast;

import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
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
}
