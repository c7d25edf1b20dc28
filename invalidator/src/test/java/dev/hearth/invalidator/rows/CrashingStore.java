package dev.hearth.invalidator.rows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * A store that forgets in a crash what was written since the last commit: of each key another part
 * of it, the latest first.
 */
final class CrashingStore implements KeyValueStore<Bytes, byte[]> {
  private final TreeMap<Bytes, byte[]> now = new TreeMap<>();

  /** By key, what it was at the commit and has been since. */
  private final Map<Bytes, List<Optional<byte[]>>> since = new TreeMap<>();

  void committed() {
    since.clear();
  }

  void crash(Random random) {
    since.forEach(
        (key, values) ->
            values
                .get(random.nextInt(values.size()))
                .ifPresentOrElse(value -> now.put(key, value), () -> now.remove(key)));
    since.clear();
  }

  void lose() {
    now.clear();
    since.clear();
  }

  int size() {
    return now.size();
  }

  @Override
  public void put(Bytes key, byte @Nullable [] value) {
    since
        .computeIfAbsent(
            key, first -> new ArrayList<>(List.of(Optional.ofNullable(now.get(first)))))
        .add(Optional.ofNullable(value));
    if (value == null) {
      now.remove(key);
    } else {
      now.put(key, value);
    }
  }

  @Override
  public byte[] putIfAbsent(Bytes key, byte[] value) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void putAll(List<KeyValue<Bytes, byte[]>> entries) {
    entries.forEach(entry -> put(entry.key, entry.value));
  }

  @Override
  public byte @Nullable [] delete(Bytes key) {
    byte @Nullable [] former = now.get(key);
    put(key, null);
    return former;
  }

  @Override
  public byte @Nullable [] get(Bytes key) {
    return now.get(key);
  }

  @Override
  public KeyValueIterator<Bytes, byte[]> range(Bytes from, @Nullable Bytes to) {
    return iterator(
        new TreeMap<>(to == null ? now.tailMap(from) : now.subMap(from, true, to, true)));
  }

  @Override
  public KeyValueIterator<Bytes, byte[]> all() {
    return iterator(new TreeMap<>(now));
  }

  @Override
  public <P extends Serializer<Q>, Q> KeyValueIterator<Bytes, byte[]> prefixScan(
      Q prefix, P serializer) {
    byte[] start = serializer.serialize("", prefix);
    TreeMap<Bytes, byte[]> found = new TreeMap<>();
    for (Map.Entry<Bytes, byte[]> entry : now.tailMap(Bytes.wrap(start)).entrySet()) {
      byte[] key = entry.getKey().get();
      if (key.length < start.length || !Arrays.equals(start, Arrays.copyOf(key, start.length))) {
        break;
      }
      found.put(entry.getKey(), entry.getValue());
    }
    return iterator(found);
  }

  private static KeyValueIterator<Bytes, byte[]> iterator(Map<Bytes, byte[]> of) {
    Iterator<Map.Entry<Bytes, byte[]>> entries = of.entrySet().iterator();
    return new KeyValueIterator<>() {
      @Override
      public void close() {}

      @Override
      public Bytes peekNextKey() {
        throw new UnsupportedOperationException();
      }

      @Override
      public boolean hasNext() {
        return entries.hasNext();
      }

      @Override
      public KeyValue<Bytes, byte[]> next() {
        Map.Entry<Bytes, byte[]> entry = entries.next();
        return KeyValue.pair(entry.getKey(), entry.getValue());
      }
    };
  }

  @Override
  public long approximateNumEntries() {
    return now.size();
  }

  @Override
  public String name() {
    return "rows";
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {}

  @Override
  public void close() {}

  @Override
  public boolean persistent() {
    return false;
  }

  @Override
  public boolean isOpen() {
    return true;
  }
}
