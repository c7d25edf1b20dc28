package dev.hearth.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NearCacheConfig;
import com.hazelcast.core.HazelcastInstance;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.store.FencedStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Hazelcast's own near cache answers with what was invalidated since: refused wherever it is. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HazelcastNearCacheTest {
  private Sandbox sandbox;

  @BeforeAll
  void startServer() {
    sandbox =
        Sandbox.builder()
            .servers(Server.HAZELCAST)
            .hazelcastConfig(HazelcastNearCacheTest::withNearCaches)
            .start();
  }

  @AfterAll
  void stopServer() {
    sandbox.close();
  }

  private static void withNearCaches(Config config) {
    config.setProperty("hazelcast.partition.count", "7");
    config.addMapConfig(near("named.entries"));
    config.addMapConfig(near("silent.*").setStatisticsEnabled(false));
  }

  private static MapConfig near(String name) {
    return new MapConfig(name)
        .setInMemoryFormat(InMemoryFormat.BINARY)
        .setNearCacheConfig(new NearCacheConfig());
  }

  @Test
  void refusesAMemberThatKeepsOneAndSaysWhatToDo() {
    assertThatThrownBy(() -> connect(member(), "named"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "store cache: Hazelcast instance %s keeps a near cache of map named.entries, which answers"
                + " with entries that were invalidated since; take map named.entries, or the"
                + " pattern that it matches, out of the near caches in its configuration (Hearth's"
                + " own near cache is in the client: CoherentCache)",
            member().getName());
  }

  @Test
  void refusesAMemberThatKeepsOneByAPatternAndWithoutStatistics() {
    assertThatThrownBy(() -> connect(member(), "silent"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("keeps a near cache of map silent.entries");
  }

  @Test
  void refusesAClientThatKeepsOneByAPattern() {
    HazelcastInstance client = client(new NearCacheConfig("app.*"));

    assertThatThrownBy(() -> connect(client, "app"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(
            "store cache: Hazelcast instance "
                + client.getName()
                + " keeps a near cache of map app");

    client.shutdown();
  }

  @Test
  void refusesADeliveryToo() {
    try (HazelcastStore store = store(member(), "named")) {
      assertThatThrownBy(store::connectForDelivery)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("keeps a near cache of map named.entries");
    }
  }

  /** A near cache of a client of ours, or of other maps, is nobody's business. */
  @Test
  void takesAClientOrAMemberWhoseNearCachesAreOfOtherMaps() {
    HazelcastInstance client = client(new NearCacheConfig("other.*"));

    assertThat(connect(client, "app")).isNotNull();
    assertThat(connect(client, "named")).isNotNull();
    assertThat(connect(member(), "app")).isNotNull();

    client.shutdown();
  }

  private HazelcastInstance member() {
    return sandbox.hazelcast().member();
  }

  private HazelcastInstance client(NearCacheConfig near) {
    ClientConfig config = new ClientConfig();
    config.setClusterName(sandbox.hazelcast().clusterName());
    config.getNetworkConfig().addAddress(sandbox.hazelcast().address());
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.addNearCacheConfig(near);
    return HazelcastClient.newHazelcastClient(config);
  }

  private static FencedStore connect(HazelcastInstance instance, String prefix) {
    try (HazelcastStore store = store(instance, prefix)) {
      return store.connect();
    }
  }

  private static HazelcastStore store(HazelcastInstance instance, String prefix) {
    return new HazelcastStore("cache", instance, prefix, 4, HazelcastStore.Options.defaults());
  }
}
