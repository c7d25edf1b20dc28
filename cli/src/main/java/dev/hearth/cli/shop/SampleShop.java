package dev.hearth.cli.shop;

import dev.hearth.sandbox.Sandbox;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.apache.commons.text.StringSubstitutor;

/**
 * The database of a shop with products, prices, categories and stock. Stateless but for its size.
 */
public final class SampleShop {
  /** Products in the shop. */
  public static final int PRODUCTS = 50_000;

  private static final String DATABASE = "shop";

  private final Sandbox servers;
  private final int products;

  public SampleShop(Sandbox servers) {
    this(servers, PRODUCTS);
  }

  /**
   * A shop of another size.
   *
   * @param products at least 1
   */
  public SampleShop(Sandbox servers, int products) {
    this.servers = servers;
    this.products = products;
  }

  /** Creates the database and fills it. */
  public void create() throws SQLException {
    servers.postgres().createDatabase(DATABASE);
    try (Connection connection =
            DriverManager.getConnection(
                url(), servers.postgres().user(), servers.postgres().password());
        Statement statement = connection.createStatement()) {
      statement.execute(
          StringSubstitutor.replace(resource("shop.sql"), Map.of("products", products)));
    }
  }

  public String url() {
    return servers.postgres().jdbcUrl(DATABASE);
  }

  /** The configuration of the services, as YAML. */
  public String configuration(int port, Path dataDirectory) {
    return StringSubstitutor.replace(
        resource("hearth.yaml"),
        Map.of(
            "url", url(),
            "user", servers.postgres().user(),
            "kafka", servers.kafka().bootstrapServers(),
            "redis", servers.redis().uri(),
            "hazelcast", servers.hazelcast().address(),
            "clusterName", servers.hazelcast().clusterName(),
            "port", port,
            "dataDirectory", dataDirectory));
  }

  private static String resource(String name) {
    try (InputStream in = SampleShop.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the build lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
