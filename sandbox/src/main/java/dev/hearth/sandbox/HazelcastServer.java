package dev.hearth.sandbox;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One Hazelcast member in this JVM, in a cluster of its own: it looks for no other member, listens
 * on 127.0.0.1 only and calls nobody. Its entries are gone after {@link #stop()} or {@link
 * #kill()}. Safe for use by many threads.
 */
public final class HazelcastServer implements Restartable {
  private static final String CLUSTER_NAME = "hearth-sandbox";

  private final int port;
  private final Consumer<Config> adjustment;
  private @Nullable HazelcastInstance member;

  HazelcastServer(int port, Consumer<Config> adjustment) {
    this.port = port;
    this.adjustment = adjustment;
  }

  @Override
  public Server server() {
    return Server.HAZELCAST;
  }

  @Override
  public int port() {
    return port;
  }

  /** Where clients connect, {@code 127.0.0.1:PORT}. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  /** The cluster name that clients must give. */
  public String clusterName() {
    return CLUSTER_NAME;
  }

  /**
   * The member itself, for what a client cannot do.
   *
   * @throws IllegalStateException when it is down
   */
  public synchronized HazelcastInstance member() {
    if (member == null) {
      throw new IllegalStateException("Hazelcast is down; call start() first.");
    }
    return member;
  }

  @Override
  public synchronized void start() {
    if (member != null) {
      return;
    }
    Ports.requireFree(Server.HAZELCAST, port);
    try {
      member = Hazelcast.newHazelcastInstance(configuration());
    } catch (HazelcastException | IllegalStateException e) {
      throw new SandboxException("Hazelcast did not start: " + e.getMessage() + ".", e);
    }
  }

  @Override
  public synchronized void stop() {
    if (member != null) {
      member.shutdown();
      member = null;
    }
  }

  @Override
  public synchronized void kill() {
    if (member != null) {
      member.getLifecycleService().terminate();
      member = null;
    }
  }

  private Config configuration() {
    Config config = new Config().setClusterName(CLUSTER_NAME);
    config.setProperty("hazelcast.phone.home.enabled", "false");
    // Each partition has positions of its own, which a delivery advances once a second; the default
    // of 271 is for clusters.
    config.setProperty("hazelcast.partition.count", "31");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.logging.type", "slf4j");
    NetworkConfig network =
        config
            .getNetworkConfig()
            .setPort(port)
            .setPortAutoIncrement(false)
            .setPublicAddress(address());
    network.getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(true);
    config.addMapConfig(new MapConfig("default").setBackupCount(1));
    adjustment.accept(config);
    return config;
  }
}
