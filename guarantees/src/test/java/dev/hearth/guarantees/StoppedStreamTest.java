package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Freshness;
import dev.hearth.client.Loader;
import dev.hearth.client.WriteToken;
import dev.hearth.client.feed.InvalidationFeed;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The commonest cause of silent staleness is a stream that is dead and looks alive. A read within a
 * bound passes by the cache within that bound, whichever part has stopped, and comes back to it
 * when the part does. A read without one shows what would be answered otherwise.
 */
class StoppedStreamTest {
  private static final Duration BOUND = Duration.ofSeconds(3);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicLong loads = new AtomicLong();
  private Shop shop;
  private Services ingest;
  private InvalidationFeed feed;
  private CoherentCache<String> products;

  @BeforeEach
  void begin() throws Exception {
    shop = new Shop();
    PGSimpleDataSource primary = new PGSimpleDataSource();
    primary.setUrl(shop.url());
    primary.setUser(shop.servers().postgres().user());
    primary.setPassword(shop.servers().postgres().password());
    shop.execute("insert into product values (1, 'v0', 1)");
    ingest = shop.start(Set.of(Role.INGEST));
    Services invalidator = shop.start(Set.of(Role.INVALIDATE));
    feed =
        InvalidationFeed.start(
            shop.servers().kafka().bootstrapServers(), shop.topics(), Map.of(), primary, registry);
    shop.awaitLeases(shop.store(invalidator, "redis"));
    assertThat(feed.awaitReady(Duration.ofSeconds(120))).isTrue();
    products =
        Shop.cache("product", shop.store(invalidator, "redis"))
            .follow(feed)
            .meterRegistry(registry)
            .build();
  }

  @AfterEach
  void end() throws Exception {
    feed.close();
    shop.close();
  }

  @Test
  void boundsHoldThroughAPausedWalSenderAndADeadEngine() throws Exception {
    awaitAnswersOfTheCache("v0");

    long walSender = walSender();
    signal("STOP", walSender);
    try {
      assertThatTheBoundHolds("v0", "v1");
    } finally {
      signal("CONT", walSender);
    }
    awaitAnswersOfTheCache("v1");

    ingest.close();
    assertThatTheBoundHolds("v1", "v2");
    ingest = shop.start(Set.of(Role.INGEST));
    awaitAnswersOfTheCache("v2");
  }

  @Test
  void boundsHoldWhileTheBrokerIsAway() throws Exception {
    awaitAnswersOfTheCache("v0");

    shop.servers().kafka().kill();
    try {
      assertThatTheBoundHolds("v0", "v1");
    } finally {
      shop.servers().kafka().start();
    }
    awaitAnswersOfTheCache("v1");
  }

  @Test
  void aWriterReadsItsOwnWritesThroughTheWholePipeline() throws Exception {
    awaitAnswersOfTheCache("v0");

    for (int i = 1; i <= 50; i++) {
      WriteToken token = write("w" + i);

      assertThat(products.get(shop.product(1), loader(), Freshness.after(token))).contains("w" + i);
    }

    WriteToken last = write("last");
    eventually(
        () -> {
          products.get(shop.product(1), loader());
          long before = loads.get();
          assertThat(products.get(shop.product(1), loader(), Freshness.after(last)))
              .contains("last");
          assertThat(loads).as("answered by the store").hasValue(before);
        });
  }

  private void assertThatTheBoundHolds(String before, String after) throws Exception {
    write(after);
    long written = System.nanoTime();
    long passed = bypasses("too_old");
    while (System.nanoTime() - written <= BOUND.toNanos()) {
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }

    // From here on the write is older than the bound: no answer may miss it.
    assertThat(products.get(shop.product(1), loader(), Freshness.within(BOUND))).contains(after);
    // A read that the store is slow to answer is the database's, and tells nothing of either.
    eventually(
        () -> {
          products.get(shop.product(1), loader(), Freshness.within(BOUND));
          assertThat(bypasses("too_old")).isGreaterThan(passed);
        });
    eventually(() -> assertThat(products.get(shop.product(1), loader())).contains(before));
    assertThat(registry.get("hearth.client.stream.age").gauge().value())
        .isGreaterThan(BOUND.toSeconds());
  }

  /** Until a bounded read is answered by the cache, with the present value. */
  private void awaitAnswersOfTheCache(String value) throws Exception {
    eventually(
        () -> {
          assertThat(products.get(shop.product(1), loader())).contains(value);
          long before = loads.get();
          assertThat(products.get(shop.product(1), loader(), Freshness.within(BOUND)))
              .contains(value);
          assertThat(loads).as("answered by the cache").hasValue(before);
        });
  }

  private Loader<String> loader() {
    return key -> {
      loads.incrementAndGet();
      return shop.productName().load(key);
    };
  }

  private WriteToken write(String name) throws Exception {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("update product set name = '" + name + "' where id = 1");
      return WriteToken.after(connection);
    }
  }

  private long walSender() throws Exception {
    try (Connection connection = shop.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select active_pid from pg_replication_slots where slot_name = '"
                    + shop.name
                    + "'")) {
      assertThat(row.next()).isTrue();
      // A signal to process 0 would stop this test.
      assertThat(row.getLong(1)).as("a stream").isPositive();
      return row.getLong(1);
    }
  }

  private static void signal(String signal, long pid) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
    assertThat(kill.waitFor()).isZero();
  }

  private long bypasses(String reason) {
    return (long) registry.get("hearth.client.bypasses").tags("reason", reason).counter().count();
  }
}
