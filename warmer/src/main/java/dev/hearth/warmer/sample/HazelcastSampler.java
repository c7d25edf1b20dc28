package dev.hearth.warmer.sample;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.client.properties.ClientProperty;
import com.hazelcast.core.EntryView;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.PartitionService;
import com.hazelcast.query.Predicates;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The statistics that Hazelcast keeps of each entry, where its map says so. A step asks for the
 * keys of a partition when it has none left, and for the view of one key after another; neither
 * counts as a hit. An entry's rate is its hits over its age: entries that are filled again after
 * each change tell of the present.
 */
final class HazelcastSampler implements KeySampler {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final long SHORTEST_AGE_MILLIS = 1_000;

  private final String store;
  private final String mapName;
  private final List<SampledCache> caches;
  private final ClientConfig configuration;
  private final Queue<String> keys = new ArrayDeque<>();
  private @Nullable HazelcastInstance client;
  private List<String> partitionKeys = List.of();
  private int partition;

  /**
   * Names a cluster; nothing is connected yet.
   *
   * @param prefix of the installation, for the name of its map
   */
  HazelcastSampler(
      String store,
      List<String> members,
      String clusterName,
      String prefix,
      List<SampledCache> caches) {
    this.store = store;
    this.mapName = prefix + ".entries";
    this.caches = List.copyOf(caches);
    this.configuration = new ClientConfig();
    configuration.setClusterName(clusterName);
    configuration.getNetworkConfig().setAddresses(members);
    configuration.setProperty("hazelcast.logging.type", "slf4j");
    configuration.setProperty(
        ClientProperty.INVOCATION_TIMEOUT_SECONDS.getName(), Long.toString(TIMEOUT.toSeconds()));
    configuration
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setClusterConnectTimeoutMillis(TIMEOUT.toMillis());
  }

  @Override
  public Step next(int most) throws SamplingException {
    try {
      IMap<Object, Object> entries = connected().getMap(mapName);
      if (keys.isEmpty()) {
        keysOfTheNextPartition(entries);
      }
      long now = connected().getCluster().getClusterTime();
      List<Sighting> sightings = new ArrayList<>();
      for (int looked = 0; looked < most && !keys.isEmpty(); looked++) {
        sighting(entries, keys.remove(), now).ifPresent(sightings::add);
      }
      return new Step(sightings, entries.size());
    } catch (HazelcastException | IllegalStateException e) {
      close();
      throw new SamplingException(
          "store "
              + store
              + ": Hazelcast cannot be sampled: "
              + e.getMessage()
              + "; it is asked again",
          e);
    }
  }

  /** Empty partitions are passed over, each of them once. */
  private void keysOfTheNextPartition(IMap<Object, Object> entries) {
    for (int i = 0; i < partitionKeys.size() && keys.isEmpty(); i++) {
      partition = (partition + 1) % partitionKeys.size();
      for (Object key :
          entries.keySet(
              Predicates.partitionPredicate(
                  partitionKeys.get(partition), Predicates.alwaysTrue()))) {
        if (key instanceof String text) {
          keys.add(text);
        }
      }
    }
  }

  private Optional<Sighting> sighting(IMap<Object, Object> entries, String cell, long now)
      throws SamplingException {
    int slash = cell.indexOf('/');
    String name = slash < 0 ? "" : cell.substring(0, slash);
    String key = cell.substring(slash + 1);
    if (caches.stream().noneMatch(each -> each.name().equals(name) && each.key().matches(key))) {
      return Optional.empty();
    }
    EntryView<Object, Object> view = entries.getEntryView(cell);
    if (view == null) {
      return Optional.empty();
    }
    if (view.getCreationTime() <= 0 || view.getHits() < 0) {
      throw new SamplingException(
          "store "
              + store
              + ": Hazelcast keeps no statistics of the entries of its map "
              + mapName
              + "; configure the map on the members with per-entry-stats-enabled: true, or have"
              + " the clients report (docs/heat.md)");
    }
    double seconds = Math.max(SHORTEST_AGE_MILLIS, now - view.getCreationTime()) / 1e3;
    return view.getHits() == 0
        ? Optional.empty()
        : Optional.of(new Sighting(name, key, view.getHits() / seconds));
  }

  private HazelcastInstance connected() {
    HazelcastInstance open = client;
    if (open == null) {
      open = HazelcastClient.newHazelcastClient(configuration);
      client = open;
      partitionKeys = partitionKeys(open.getPartitionService());
    }
    return open;
  }

  /** For each partition a key that falls into it; which one is the same for every client. */
  private static List<String> partitionKeys(PartitionService placement) {
    int partitions = placement.getPartitions().size();
    String[] found = new String[partitions];
    int missing = partitions;
    for (int i = 0; missing > 0; i++) {
      String candidate = Integer.toString(i);
      int of = placement.getPartition(candidate).getPartitionId();
      if (found[of] == null) {
        found[of] = candidate;
        missing--;
      }
    }
    return List.of(found);
  }

  @Override
  public void close() {
    keys.clear();
    HazelcastInstance open = client;
    client = null;
    if (open != null) {
      open.shutdown();
    }
  }
}
