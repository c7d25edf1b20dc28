package dev.hearth.cli.doctor;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.client.impl.clientside.HazelcastClientInstanceImpl;
import com.hazelcast.client.impl.clientside.HazelcastClientProxy;
import com.hazelcast.client.impl.protocol.ClientMessage;
import com.hazelcast.client.impl.protocol.codec.MCGetClusterMetadataCodec;
import com.hazelcast.client.impl.protocol.codec.MCGetMapConfigCodec;
import com.hazelcast.client.impl.spi.impl.ClientInvocation;
import com.hazelcast.cluster.Member;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.core.HazelcastInstance;
import dev.hearth.chassis.config.HearthConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A Hazelcast cluster, asked as its Management Center asks it, by messages for which the client has
 * no method. Connecting as the services do would configure their map. Not thread-safe.
 */
final class HazelcastSession implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final HazelcastInstance client;

  private HazelcastSession(HazelcastInstance client) {
    this.client = client;
  }

  /**
   * Connects.
   *
   * @throws IllegalStateException with a sentence for the user
   */
  static HazelcastSession open(String name, HearthConfig.Hazelcast hazelcast) {
    ClientConfig config = new ClientConfig();
    config.setClusterName(hazelcast.clusterName());
    config.getNetworkConfig().setAddresses(hazelcast.members());
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.setInstanceName("hearth-doctor-" + UUID.randomUUID());
    config
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setClusterConnectTimeoutMillis(TIMEOUT.toMillis());
    try {
      return new HazelcastSession(HazelcastClient.newHazelcastClient(config));
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          "stores."
              + name
              + ": no member of a cluster named \""
              + hazelcast.clusterName()
              + "\" answers at "
              + String.join(", ", hazelcast.members())
              + " within "
              + TIMEOUT.toSeconds()
              + " s; check the addresses, the cluster name, and that its members run",
          e);
    }
  }

  List<String> versions() {
    return client.getCluster().getMembers().stream()
        .map(Member::getVersion)
        .map(Object::toString)
        .toList();
  }

  int members() {
    return client.getCluster().getMembers().size();
  }

  /**
   * A map's configuration on the members; empty where nobody has used it yet. To ask then would
   * make the members begin it with their defaults, which nothing could correct any more.
   */
  Optional<MapSettings> map(String name) throws Exception {
    if (client.getDistributedObjects().stream()
        .noneMatch(object -> object.getName().equals(name))) {
      return Optional.empty();
    }
    MCGetMapConfigCodec.ResponseParameters answer =
        MCGetMapConfigCodec.decodeResponse(ask(MCGetMapConfigCodec.encodeRequest(name)));
    return Optional.of(
        new MapSettings(
            InMemoryFormat.getById(answer.inMemoryFormat).name(),
            answer.backupCount,
            answer.asyncBackupCount,
            answer.maxIdleSeconds,
            EvictionPolicy.getById(answer.evictionPolicy).name(),
            answer.readBackupData,
            answer.mergePolicy));
  }

  /**
   * How the members keep a map.
   *
   * @param mergePolicy name of a class
   */
  record MapSettings(
      String format,
      int backups,
      int asyncBackups,
      int maxIdleSeconds,
      String eviction,
      boolean readsBackups,
      String mergePolicy) {}

  Instant time() throws Exception {
    return Instant.ofEpochMilli(
        MCGetClusterMetadataCodec.decodeResponse(ask(MCGetClusterMetadataCodec.encodeRequest()))
            .clusterTime);
  }

  private ClientMessage ask(ClientMessage question) throws Exception {
    HazelcastClientInstanceImpl inside = ((HazelcastClientProxy) client).client;
    return new ClientInvocation(inside, question, null)
        .invoke()
        .get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    client.shutdown();
  }
}
