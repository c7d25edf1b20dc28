package dev.hearth.store.hazelcast;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.HazelcastClientOfflineException;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.client.config.ClientConnectionStrategyConfig.ReconnectMode;
import com.hazelcast.client.properties.ClientProperty;
import com.hazelcast.cluster.Member;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.InvalidConfigurationException;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleListener;
import com.hazelcast.map.IMap;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.StoreUnavailableException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Hazelcast cluster as a fenced store: readers and a delivery share one member or client. No
 * class of ours is needed on the members. Thread-safe. Closing it closes what it opened, and the
 * client if it made one; a member or client that it was given stays.
 *
 * <p>One map, {@code PREFIX.entries}, holds the cells of all caches and, beside them, the meta
 * records. Where the cluster's own configuration does not name it, it is configured on connecting,
 * and what is chosen is part of the protocol:
 *
 * <ul>
 *   <li>in-memory format {@code BINARY}: {@code OBJECT} compares bytes by identity, so that no fill
 *       would ever be stored;
 *   <li>one synchronous backup, no asynchronous one, no reads from backups, no near cache: a
 *       promise about what was applied must not outlive what was applied;
 *   <li>merge policy: discard. The default one puts entries that were invalidated back after a
 *       split;
 *   <li>a default time to live of 7 days, no idle time, no eviction. An entry has the default
 *       between its {@code replace} and its {@code setTtl}, and keeps it where its filler dies in
 *       between. A meta record has it anew with every write, about once a second, so that it ends
 *       only in a cluster whose delivery wrote nothing for 7 days. Without it there is neither hit
 *       nor lease until the delivery begins it anew. So whoever configures an eviction takes LFU:
 *       every read uses a record, but LRU counts in seconds, and within one all are equally old.
 * </ul>
 */
public final class HazelcastStore implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HazelcastStore.class);

  private static final Duration DEFAULT_TTL = Duration.ofDays(7);
  private static final Duration CONNECT_BOUND = Duration.ofSeconds(10);
  private static final Duration CONNECT_PAUSE = Duration.ofMillis(20);

  private static final Duration HEARTBEAT = Duration.ofSeconds(2);
  private static final Duration HEARTBEAT_BOUND = Duration.ofSeconds(10);

  /** Members answer after 5 s although a backup did not, unless they are told otherwise. */
  private static final Duration TIMEOUT_BOUND = Duration.ofSeconds(4);

  private final String name;
  private final String prefix;
  private final int partitions;
  private final Options options;
  private final Supplier<HazelcastInstance> source;
  private final boolean owned;
  private @Nullable HazelcastInstance instance;
  private boolean closed;

  /**
   * How a store is used.
   *
   * @param leaseTime how long a filler has at least, on the store's clock; a slower one fills
   *     nothing. Hazelcast counts in seconds: up to one more
   * @param timeout how long an operation may take before the store counts as not answering; at most
   *     4 s, because members answer after 5 s even if a backup is not acknowledged
   * @param advanceEvery how long the positions of a Hazelcast partition that is not touched may lag
   *     behind those of the others; zero advances all with every round
   * @param threads for blocking calls: of readers for each member, and of a delivery
   * @param tokens source of lease tokens
   * @param incarnations source of random numbers for new incarnations
   * @param nanoTime as {@link System#nanoTime}; paces {@code advanceEvery}
   * @param foreign told of every value that a reader found under a key of ours and that is none of
   *     ours: a miss, and worth counting. Called on threads of the store; must not block
   */
  public record Options(
      Duration leaseTime,
      Duration timeout,
      Duration advanceEvery,
      int threads,
      Supplier<LeaseToken> tokens,
      LongSupplier incarnations,
      LongSupplier nanoTime,
      Consumer<CacheKey> foreign) {
    public Options {
      if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(TIMEOUT_BOUND) > 0) {
        throw new IllegalArgumentException(
            "timeout of a Hazelcast store is "
                + timeout.toMillis()
                + " ms; expected 1 to "
                + TIMEOUT_BOUND.toMillis()
                + " ms: later than that a member answers although its backup did not");
      }
      if (leaseTime.isNegative() || leaseTime.isZero()) {
        throw new IllegalArgumentException(
            "lease time is " + leaseTime.toMillis() + " ms; expected more than 0");
      }
      if (advanceEvery.isNegative()) {
        throw new IllegalArgumentException(
            "advanceEvery is " + advanceEvery.toMillis() + " ms; expected 0 or more");
      }
      if (threads < 1) {
        throw new IllegalArgumentException("threads is " + threads + "; expected 1 or more");
      }
    }

    public static Options defaults() {
      SecureRandom random = new SecureRandom();
      return new Options(
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Duration.ofSeconds(1),
          8,
          LeaseToken::random,
          random::nextLong,
          System::nanoTime,
          key -> {});
    }

    /** These options, with somebody who is told of foreign values. */
    public Options withForeign(Consumer<CacheKey> foreign) {
      return new Options(
          leaseTime, timeout, advanceEvery, threads, tokens, incarnations, nanoTime, foreign);
    }
  }

  /**
   * Names a cluster that this process is connected to, or a member of.
   *
   * @param prefix of the installation, for the name of its map
   * @param partitions of the invalidations
   */
  public HazelcastStore(
      String name, HazelcastInstance instance, String prefix, int partitions, Options options) {
    this(name, () -> instance, false, prefix, partitions, options);
  }

  /**
   * Names a cluster; nothing is connected yet.
   *
   * @param addresses of some members, {@code host:port}
   * @param clusterName that the members have; an authentication of sorts
   * @param prefix of the installation, for the name of its map
   * @param partitions of the invalidations
   */
  public HazelcastStore(
      String name,
      List<String> addresses,
      String clusterName,
      String prefix,
      int partitions,
      Options options) {
    this(
        name,
        () -> connectClient(name, List.copyOf(addresses), clusterName, options),
        true,
        prefix,
        partitions,
        options);
  }

  private HazelcastStore(
      String name,
      Supplier<HazelcastInstance> source,
      boolean owned,
      String prefix,
      int partitions,
      Options options) {
    this.name = name;
    this.source = source;
    this.owned = owned;
    this.prefix = prefix;
    this.partitions = partitions;
    this.options = options;
  }

  /**
   * Connects for reading and filling.
   *
   * @throws StoreUnavailableException if no member can be reached within 10 s, or none holds data
   * @throws IllegalStateException if the member or client that was given keeps a near cache of the
   *     map, or if this store is closed
   */
  public FencedStore connect() {
    return new HazelcastFencedStore(
        name, layout(), new CallsByMember(() -> calls("read")), options);
  }

  /** Connects for a delivery; throws as {@link #connect}. */
  public DeliveryTarget connectForDelivery() {
    return new HazelcastDeliveryTarget(name, layout(), calls("deliver"), options);
  }

  private BlockingCalls calls(String use) {
    return new BlockingCalls("hearth-store-" + name + "-" + use, options.threads());
  }

  private synchronized HazelcastLayout layout() {
    if (closed) {
      throw new IllegalStateException("store " + name + " is closed");
    }
    HazelcastInstance present = instance;
    if (present == null) {
      present = source.get();
      instance = present;
    }
    HazelcastLayout layout;
    boolean near;
    try {
      layout = awaitOnline(present);
      near = keepsNearCache(present, layout.entries());
    } catch (RuntimeException e) {
      throw new Failures(name, options.timeout()).unavailable("on connecting", e);
    }
    if (near) {
      String map = layout.entries().getName();
      throw new IllegalStateException(
          "store "
              + name
              + ": Hazelcast instance "
              + present.getName()
              + " keeps a near cache of map "
              + map
              + ", which answers with entries that were invalidated since; take map "
              + map
              + ", or the pattern that it matches, out of the near caches in its configuration"
              + " (Hearth's own near cache is in the client: CoherentCache)");
    }
    return layout;
  }

  /**
   * A client may know the members before a connection stands, and may lose one that stood; only an
   * operation that went through says that it is connected. So what it refuses is asked again.
   */
  private HazelcastLayout awaitOnline(HazelcastInstance present) {
    long deadline = System.nanoTime() + CONNECT_BOUND.toNanos();
    while (true) {
      try {
        configure(present, map(HazelcastLayout.map(prefix)));
        return new HazelcastLayout(prefix, partitions, present);
      } catch (HazelcastClientOfflineException e) {
        if (System.nanoTime() - deadline > 0 || Thread.currentThread().isInterrupted()) {
          throw new StoreUnavailableException(
              "store "
                  + name
                  + ": its Hazelcast client is connected to no member, and was not within "
                  + CONNECT_BOUND.toSeconds()
                  + " s; check that the cluster runs",
              e);
        }
        LockSupport.parkNanos(CONNECT_PAUSE.toNanos());
      }
    }
  }

  /**
   * A near cache of Hazelcast answers a read from what it saw earlier, record and cell of different
   * moments, and is told of changes by messages that may be lost or late (hazelcast#25304). Only a
   * map that has one has its statistics; a member's may be switched off, but not its configuration.
   */
  private static boolean keepsNearCache(HazelcastInstance present, IMap<String, Object> entries) {
    return entries.getLocalMapStats().getNearCacheStats() != null
        || (present.getLocalEndpoint() instanceof Member
            && present.getConfig().findMapConfig(entries.getName()).isNearCacheEnabled());
  }

  /** How a map is configured where the cluster does not name it. */
  static MapConfig map(String name) {
    return new MapConfig(name)
        .setTimeToLiveSeconds((int) DEFAULT_TTL.toSeconds())
        .setInMemoryFormat(InMemoryFormat.BINARY)
        .setBackupCount(1)
        .setAsyncBackupCount(0)
        .setReadBackupData(false)
        .setMergePolicyConfig(
            new MergePolicyConfig(
                DiscardMergePolicy.class.getName(), MergePolicyConfig.DEFAULT_BATCH_SIZE));
  }

  private void configure(HazelcastInstance present, MapConfig wanted) {
    try {
      present.getConfig().addMapConfig(wanted);
    } catch (InvalidConfigurationException e) {
      log.info(
          "Map keeps the cluster's own configuration: store={} map={}", name, wanted.getName());
    }
  }

  private static HazelcastInstance connectClient(
      String name, List<String> addresses, String clusterName, Options options) {
    ClientConfig config = new ClientConfig();
    config.setClusterName(clusterName);
    config.getNetworkConfig().setAddresses(addresses);
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.setProperty(
        ClientProperty.INVOCATION_TIMEOUT_SECONDS.getName(),
        Long.toString(ClusterTime.seconds(options.timeout())));
    // A member that hangs holds the threads of whoever waits for it until it counts as dead.
    config.setProperty(
        ClientProperty.HEARTBEAT_INTERVAL.getName(), Long.toString(HEARTBEAT.toMillis()));
    config.setProperty(
        ClientProperty.HEARTBEAT_TIMEOUT.getName(), Long.toString(HEARTBEAT_BOUND.toMillis()));
    config.setProperty(ClientProperty.FAIL_ON_INDETERMINATE_OPERATION_STATE.getName(), "true");
    // Reconnects for ever and fails what is asked meanwhile; the first attempt is bounded below.
    config.getConnectionStrategyConfig().setAsyncStart(true).setReconnectMode(ReconnectMode.ASYNC);
    CountDownLatch connected = new CountDownLatch(1);
    LifecycleListener listener =
        event -> {
          if (event.getState() == LifecycleState.CLIENT_CONNECTED) {
            connected.countDown();
          }
        };
    config.addListenerConfig(new ListenerConfig(listener));
    HazelcastInstance client = HazelcastClient.newHazelcastClient(config);
    if (!await(connected)) {
      client.shutdown();
      throw new StoreUnavailableException(
          "store "
              + name
              + ": no member of a Hazelcast cluster named \""
              + clusterName
              + "\" answered at "
              + String.join(", ", addresses)
              + " within "
              + CONNECT_BOUND.toSeconds()
              + " s; check the addresses, the cluster name, and that its members run");
    }
    return client;
  }

  private static boolean await(CountDownLatch connected) {
    try {
      return connected.await(CONNECT_BOUND.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    HazelcastInstance present = instance;
    instance = null;
    if (owned && present != null) {
      present.shutdown();
    }
  }
}
