package dev.hearth.cli.doctor;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.store.FencedStore;
import dev.hearth.store.redis.RedisStore;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.BaseRedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.ArrayOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A Redis server, by any of its nodes where it is a cluster, asked without being changed. Not
 * thread-safe.
 */
final class RedisSession implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private final RedisClient client;
  private final StatefulRedisConnection<String, String> connection;
  private final RedisURI named;
  private final boolean cluster;

  private RedisSession(
      RedisClient client,
      StatefulRedisConnection<String, String> connection,
      RedisURI named,
      boolean cluster) {
    this.client = client;
    this.connection = connection;
    this.named = named;
    this.cluster = cluster;
  }

  /**
   * Connects as the services do, so that what they refuse is refused here.
   *
   * @throws dev.hearth.store.StoreUnavailableException with a sentence for the user
   */
  static RedisSession open(String name, HearthConfig.Redis redis, String prefix, int partitions) {
    try (RedisStore store =
            new RedisStore(name, redis.uris(), prefix, partitions, RedisStore.Options.defaults());
        FencedStore ignored = store.connect()) {
      return connect(RedisStore.servers(redis.uris()));
    }
  }

  private static RedisSession connect(List<RedisURI> servers) {
    RedisClient client = RedisClient.create();
    client.setOptions(
        io.lettuce.core.ClientOptions.builder()
            .autoReconnect(false)
            .socketOptions(SocketOptions.builder().connectTimeout(TIMEOUT).build())
            .build());
    RuntimeException last = new IllegalStateException("no server is named");
    for (RedisURI server : servers) {
      server.setTimeout(TIMEOUT);
      try {
        return new RedisSession(client, client.connect(server), server, servers.size() > 1);
      } catch (RuntimeException e) {
        last = e;
      }
    }
    client.shutdown(Duration.ZERO, TIMEOUT);
    throw last;
  }

  boolean isCluster() {
    return cluster;
  }

  boolean isUnderSentinels() {
    return !named.getSentinels().isEmpty();
  }

  /** Of a section, name to value. */
  Map<String, String> info(String section) {
    return fields(connection.sync().info(section), ":");
  }

  Map<String, String> clusterInfo() {
    return fields(connection.sync().clusterInfo(), ":");
  }

  /** Empty where the server does not tell it this user. */
  Optional<String> setting(String name) {
    try {
      return Optional.ofNullable(connection.sync().configGet(name).get(name));
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  Instant time() {
    List<String> time = connection.sync().time();
    return Instant.ofEpochSecond(Long.parseLong(time.get(0)), Long.parseLong(time.get(1)) * 1000);
  }

  String user() {
    return connection.sync().aclWhoami();
  }

  /** What the sentinels say of their number; throws with their reason where it is too low. */
  String quorum() {
    try (StatefulRedisSentinelConnection<String, String> sentinel =
        client.connectSentinel(StringCodec.UTF8, named)) {
      return String.valueOf(
          sentinel
              .sync()
              .dispatch(
                  word("SENTINEL"),
                  new ArrayOutput<>(StringCodec.UTF8),
                  new CommandArgs<>(StringCodec.UTF8)
                      .add("CKQUORUM")
                      .add(named.getSentinelMasterId())));
    }
  }

  /**
   * Sends a command that changes nothing as its arguments are, to learn whether it is allowed.
   *
   * @throws RuntimeException with the server's answer where it is not
   */
  void send(String command, String... arguments) {
    CommandArgs<String, String> all = new CommandArgs<>(StringCodec.UTF8);
    for (String argument : arguments) {
      all.add(argument);
    }
    BaseRedisCommands<String, String> commands = connection.sync();
    commands.dispatch(word(command), new ArrayOutput<>(StringCodec.UTF8), all);
  }

  private static ProtocolKeyword word(String name) {
    return () -> name.getBytes(StandardCharsets.US_ASCII);
  }

  private static Map<String, String> fields(String text, String separator) {
    return text.lines()
        .filter(line -> line.contains(separator) && !line.startsWith("#"))
        .map(line -> line.strip().split(separator, 2))
        .collect(
            Collectors.toMap(
                parts -> parts[0],
                parts -> parts[1],
                (first, second) -> first,
                LinkedHashMap::new));
  }

  @Override
  public void close() {
    connection.close();
    client.shutdown(Duration.ZERO, TIMEOUT);
  }
}
