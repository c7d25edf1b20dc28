package dev.hearth.store;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A real store, and what tests do to it behind the protocol's back. */
public interface StoreUnderTest extends AutoCloseable {
  String PREFIX = "test";
  int PARTITIONS = 4;

  FencedStore connect(Duration leaseTime, Supplier<LeaseToken> tokens);

  /** A delivery that advances all records with every round. */
  DeliveryTarget connectForDelivery(LongSupplier incarnations);

  /** A store of the same kind where nobody listens. */
  FencedStore connectToNobody();

  /** Removes everything. */
  void clear();

  Optional<byte[]> cell(CacheKey key);

  void putCell(CacheKey key, byte[] bytes);

  void deleteCell(CacheKey key);

  /** Names of the meta records of a partition of the invalidations, present or not. */
  List<String> records(int partition);

  /** Name of the meta record that speaks for a key. */
  String recordOf(CacheKey key);

  Optional<byte[]> meta(String record);

  void putMeta(String record, byte[] bytes);

  void deleteMeta(String record);

  /** The meta records of a partition that are there. */
  default Map<String, byte[]> metas(int partition) {
    Map<String, byte[]> found = new java.util.TreeMap<>();
    for (String record : records(partition)) {
      meta(record).ifPresent(bytes -> found.put(record, bytes));
    }
    return found;
  }

  @Override
  void close();
}
