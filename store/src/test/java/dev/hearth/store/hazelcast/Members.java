package dev.hearth.store.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** Members of clusters in this JVM, on ports of 127.0.0.1, that know whom they were told of. */
final class Members implements AutoCloseable {
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private final String cluster;
  private final int partitions;
  private final List<HazelcastInstance> started = new ArrayList<>();

  Members(String cluster, int partitions) {
    this.cluster = cluster;
    this.partitions = partitions;
  }

  /** Ports differ from all that were given before. */
  static List<String> addresses(int count) {
    return Stream.generate(Members::free)
        .filter(GIVEN::add)
        .limit(count)
        .map(port -> "127.0.0.1:" + port)
        .toList();
  }

  /** What a member is started with; may be changed before, and lists of members also after. */
  Config config(String address, List<String> known) {
    Config config = new Config().setClusterName(cluster);
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.setProperty("hazelcast.partition.count", Integer.toString(partitions));
    config.setProperty("hazelcast.merge.first.run.delay.seconds", "1");
    config.setProperty("hazelcast.merge.next.run.delay.seconds", "1");
    config
        .getNetworkConfig()
        .setPort(Integer.parseInt(address.substring(address.indexOf(':') + 1)))
        .setPortAutoIncrement(false)
        .getInterfaces()
        .setEnabled(true)
        .addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config
        .getNetworkConfig()
        .getJoin()
        .getTcpIpConfig()
        .setEnabled(true)
        .setMembers(new ArrayList<>(known));
    return config;
  }

  HazelcastInstance start(Config config) {
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    started.add(member);
    return member;
  }

  /** Ends a member as a crash does: it tells nobody, and hands nothing over. */
  static void kill(HazelcastInstance member) {
    member.getLifecycleService().terminate();
  }

  @Override
  public void close() {
    started.forEach(Members::kill);
  }

  /**
   * From below the range of outgoing connections: from that range a port could be a client's own by
   * the time that the member wants it.
   */
  private static int free() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
        return socket.getLocalPort();
      } catch (BindException e) {
        // Somebody else's; the next.
        continue;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
