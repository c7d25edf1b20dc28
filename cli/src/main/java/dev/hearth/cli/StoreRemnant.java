package dev.hearth.cli;

import dev.hearth.chassis.StartupException;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.StoreUnavailableException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Positions and entries in one store. The positions go first: without them nothing is believed, so
 * that a removal which stops half way leaves nothing that could be read.
 */
final class StoreRemnant implements Remnant {
  private static final int KEYS_AT_ONCE = 10_000;

  private final String name;
  private final FencedStore reader;
  private final Supplier<DeliveryTarget> connect;
  private final Map<String, KeyTemplate> caches;
  private final int partitions;
  private @Nullable DeliveryTarget target;

  /**
   * @param reader stays the caller's
   * @param caches whose entries are ours, by name, with their keys
   * @param partitions of the invalidations
   */
  StoreRemnant(
      String name,
      FencedStore reader,
      Supplier<DeliveryTarget> connect,
      Map<String, KeyTemplate> caches,
      int partitions) {
    this.name = name;
    this.reader = reader;
    this.connect = connect;
    this.caches = Map.copyOf(caches);
    this.partitions = partitions;
  }

  @Override
  public List<String> find() {
    return orUnavailable(
        () -> {
          List<String> found = new ArrayList<>();
          int records = 0;
          for (int partition = 0; partition < partitions; partition++) {
            records += connected().open(partition).isPresent() ? 1 : 0;
          }
          if (records > 0) {
            found.add("store " + name + ": positions of " + records + " partitions");
          }
          caches.forEach(
              (cache, template) -> {
                try (Stream<String> keys = keys(cache, template)) {
                  long count = keys.count();
                  if (count > 0) {
                    found.add(
                        "store "
                            + name
                            + ": "
                            + count
                            + " keys of cache "
                            + cache
                            + ", "
                            + template);
                  }
                }
              });
          return found;
        });
  }

  @Override
  public void remove() {
    orUnavailable(
        () -> {
          for (int partition = 0; partition < partitions; partition++) {
            connected().open(partition);
            connected().abandon(partition);
          }
          caches.forEach(this::remove);
          return true;
        });
  }

  private void remove(String cache, KeyTemplate template) {
    Set<CacheKey> some = new LinkedHashSet<>();
    try (Stream<String> keys = keys(cache, template)) {
      keys.forEach(
          key -> {
            some.add(new CacheKey(cache, key));
            if (some.size() == KEYS_AT_ONCE) {
              delete(some);
              some.clear();
            }
          });
    }
    delete(some);
  }

  private void delete(Set<CacheKey> keys) {
    Map<Integer, Set<CacheKey>> byPartition = new HashMap<>();
    for (CacheKey key : keys) {
      byPartition
          .computeIfAbsent(
              KeySlot.partitionOf(key.key(), partitions), partition -> new LinkedHashSet<>())
          .add(key);
    }
    connected()
        .apply(
            byPartition.entrySet().stream()
                .map(
                    each ->
                        new Round(
                            each.getKey(),
                            Position.NONE,
                            each.getValue(),
                            Map.of(),
                            Optional.empty(),
                            "",
                            -1))
                .toList());
  }

  private Stream<String> keys(String cache, KeyTemplate template) {
    String prefix = template.shape().substring(0, template.shape().indexOf("{}"));
    return reader.keys(cache, prefix).filter(template::matches);
  }

  private DeliveryTarget connected() {
    DeliveryTarget present = target;
    if (present == null) {
      present = connect.get();
      target = present;
    }
    return present;
  }

  private <T> T orUnavailable(Supplier<T> operation) {
    try {
      return operation.get();
    } catch (StoreUnavailableException e) {
      throw new StartupException(
          "stores."
              + name
              + ": "
              + e.getMessage()
              + "; if this store is gone for good, take it out of the configuration, then run"
              + " teardown again",
          Hearth.FAILED,
          e);
    }
  }

  @Override
  public void close() {
    if (target != null) {
      target.close();
    }
  }
}
