package dev.hearth.cli.shop.bench;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.text.StringSubstitutor;

/**
 * The one store of a benchmark: which server it is, how it is configured, and how it is emptied.
 */
public enum BenchStore {
  REDIS(Server.REDIS) {
    @Override
    String configuration(Sandbox servers) {
      return "redis: { type: redis, uri: \"" + servers.redis().uri() + "\" }";
    }

    @Override
    public Flusher flusher(Sandbox servers) {
      RedisClient client = RedisClient.create(servers.redis().uri());
      StatefulRedisConnection<String, String> connection = client.connect();
      return new Flusher() {
        @Override
        public void flush() {
          connection.sync().flushall();
        }

        @Override
        public void close() {
          connection.close();
          client.shutdown();
        }
      };
    }
  },
  HAZELCAST(Server.HAZELCAST) {
    @Override
    String configuration(Sandbox servers) {
      return "hazelcast: { type: hazelcast, members: [ \""
          + servers.hazelcast().address()
          + "\" ], clusterName: \""
          + servers.hazelcast().clusterName()
          + "\" }";
    }

    @Override
    public Flusher flusher(Sandbox servers) {
      return new Flusher() {
        @Override
        public void flush() {
          // Not before: who asks for the map first begins it with the configuration it has then.
          servers.hazelcast().member().getMap("hearth.entries").clear();
        }

        @Override
        public void close() {}
      };
    }
  };

  private final Server server;

  BenchStore(Server server) {
    this.server = server;
  }

  /** Its name in the configuration. */
  public String storeName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** As a user writes it. */
  @Override
  public String toString() {
    return storeName();
  }

  /** What has to be started. */
  public Server[] servers() {
    return new Server[] {Server.POSTGRES, Server.KAFKA, server};
  }

  abstract String configuration(Sandbox servers);

  /** Begins to be able to flush, so that a flush itself is only a command. */
  public abstract Flusher flusher(Sandbox servers);

  /** Empties a store. */
  public interface Flusher extends AutoCloseable {
    /** Removes everything, positions included, as an operator who knows of nothing would. */
    void flush();

    @Override
    void close();
  }

  /**
   * The configuration of the services, as YAML.
   *
   * @param url of the shop's database
   */
  public String yaml(Sandbox servers, String url, Path dataDirectory) {
    return StringSubstitutor.replace(
        resource(),
        Map.of(
            "url", url,
            "user", servers.postgres().user(),
            "kafka", servers.kafka().bootstrapServers(),
            "store", configuration(servers),
            "storeName", storeName(),
            "dataDirectory", dataDirectory));
  }

  private static String resource() {
    try (InputStream in = BenchStore.class.getResourceAsStream("hearth.yaml")) {
      if (in == null) {
        throw new IllegalStateException("the build lacks the benchmark's hearth.yaml");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
