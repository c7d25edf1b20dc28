package dev.hearth.client.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.client.Codec;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Loader;
import dev.hearth.client.SlowMachine;
import dev.hearth.sandbox.PostgresServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.redis.RedisStore;
import dev.hearth.store.standby.EpochHistories;
import dev.hearth.store.standby.Standby;
import dev.hearth.store.standby.StandbyReads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One product in a real database with standbys, in a cache on a real Redis, whose invalidations the
 * test applies as the pipeline would: at the flush LSN after the change was visible. For one test.
 */
final class Source implements AutoCloseable {
  private static final Duration BOUND = Duration.ofMinutes(2);
  private static final AtomicInteger NEXT = new AtomicInteger();
  private static @Nullable Sandbox sandbox;

  private final int id = NEXT.incrementAndGet();
  private final Map<Long, History> histories = new ConcurrentHashMap<>();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final DeliveryTarget delivery;
  private final CoherentCache<String> cache;
  private final PostgresServer primary;
  private long epoch = 1;
  private long offset;

  private Source(PostgresServer primary, FencedStore store, DeliveryTarget delivery) {
    this.primary = primary;
    this.delivery = delivery;
    this.cache =
        CoherentCache.builder("product", store, Codec.UTF_8, Duration.ofMinutes(10))
            .meterRegistry(registry)
            .storeTimeout(SlowMachine.STORE_TIMEOUT)
            .build();
  }

  /** A product called old, and a store that knows where it stands. */
  static Source open() throws SQLException {
    PostgresServer postgres = sandbox().postgres();
    RedisStore redis =
        new RedisStore(
            "redis",
            sandbox().redis().uri(),
            "hearth-" + NEXT.incrementAndGet(),
            1,
            SlowMachine.redis());
    FencedStore store = redis.connect();
    DeliveryTarget delivery = redis.connectForDelivery();
    Source source = new Source(postgres, store, delivery);
    source.opened.push(redis);
    source.opened.push(store);
    source.opened.push(delivery);
    source.histories.put(1L, historyOf(postgres));
    execute(
        postgres,
        "create table if not exists product (id int primary key, name text)",
        "create table if not exists filler (text text)",
        "insert into product values (" + source.id + ", 'old')");
    delivery.open(0);
    source.apply(source.flushed(postgres), Set.of(), true);
    return source;
  }

  static synchronized Sandbox sandbox() {
    if (sandbox == null) {
      sandbox = Sandbox.builder().servers(Server.POSTGRES, Server.REDIS).start();
    }
    return sandbox;
  }

  static synchronized void stopServers() {
    if (sandbox != null) {
      sandbox.close();
      sandbox = null;
    }
  }

  PostgresServer primary() {
    return primary;
  }

  String key() {
    return "product:" + id;
  }

  CoherentCache<String> cache() {
    return cache;
  }

  /** What the cache holds; asks nobody else. */
  String cached() {
    return cache
        .get(
            key(),
            loader -> {
              throw new AssertionError("nothing is cached");
            })
        .orElseThrow();
  }

  /** Commits a new name on a server, and returns the position of its invalidation. */
  Position write(PostgresServer server, String name) throws SQLException {
    execute(server, "update product set name = '" + name + "' where id = " + id);
    return flushed(server);
  }

  /** As the invalidator does once the change was published. */
  void invalidate(Position c) {
    apply(c, Set.of(new CacheKey("product", key())), true);
  }

  /** As the invalidator does while W is held back: B is raised, A stays. */
  void invalidateWithoutWatermark(Position c) {
    apply(c, Set.of(new CacheKey("product", key())), false);
  }

  /** A new epoch, bound to where this server is now. */
  void raiseEpoch(PostgresServer newPrimary) throws SQLException {
    epoch++;
    histories.put(epoch, historyOf(newPrimary));
    apply(flushed(newPrimary), Set.of(), true);
  }

  private void apply(Position c, Set<CacheKey> keys, boolean withWatermark) {
    offset++;
    Optional<Watermark> mark =
        withWatermark ? Optional.of(new Watermark(c, c.lsn(), Instant.EPOCH)) : Optional.empty();
    Round round = new Round(0, c, keys, Map.of(), mark, "topic", offset);
    assertThat(delivery.apply(List.of(round)).values())
        .containsExactly(DeliveryTarget.RoundOutcome.APPLIED);
  }

  Position flushed(PostgresServer server) throws SQLException {
    return new Position(epoch, number(server, "select pg_current_wal_flush_lsn() - '0/0'"));
  }

  EpochHistories histories() {
    return asked -> Optional.ofNullable(histories.get(asked));
  }

  /** The loader under test. */
  Loader<String> loader(StandbyReads.Settings settings, Standby... standbys) {
    return loader(settings, primary, standbys);
  }

  Loader<String> loader(
      StandbyReads.Settings settings, PostgresServer primaryNow, Standby... standbys) {
    return new StandbyLoaders(
            new StandbyReads(pool(primaryNow), List.of(standbys), histories(), settings), registry)
        .loader("product", (connection, key) -> select(connection, key));
  }

  Loader<String> loader(
      StandbyReads.Settings settings, StandbyLoaders.KeyQuery<String> query, Standby... standbys) {
    return new StandbyLoaders(
            new StandbyReads(pool(primary), List.of(standbys), histories(), settings), registry)
        .loader("product", query);
  }

  static Optional<String> select(Connection connection, String key) throws SQLException {
    return query(connection, "select name from product where id = ?", key);
  }

  /** The name in the first column. */
  static Optional<String> query(Connection connection, String sql, String key) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, Integer.parseInt(key.substring(key.indexOf(':') + 1)));
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
      }
    }
  }

  Standby standby(PostgresServer server) {
    return new Standby(server.name(), pool(server));
  }

  HikariDataSource pool(PostgresServer server) {
    return pool(server.jdbcUrl("postgres"), server.user());
  }

  HikariDataSource pool(String url, String user) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setMaximumPoolSize(2);
    config.setMinimumIdle(0);
    config.setInitializationFailTimeout(-1);
    // A session that is slow to answer is not to be replaced by another one.
    config.setConnectionTimeout(BOUND.toMillis());
    config.setValidationTimeout(BOUND.toMillis() / 2);
    HikariDataSource pool = new HikariDataSource(config);
    opened.push(pool);
    return pool;
  }

  double loads(String from) {
    return registry.get("hearth.loads").tags("from", from).counter().count();
  }

  double refusals(String reason) {
    return registry.get("hearth.standby.refusals").tags("reason", reason).counter().count();
  }

  /** Servers of a busy machine start and replay in their own time. */
  static void eventually(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > BOUND.toNanos()) {
        throw new AssertionError("not within " + BOUND + ": " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Until a standby has replayed a position of its history. */
  static void eventuallyReplayed(PostgresServer standby, Position position) {
    eventually(
        standby.name() + " has replayed " + position,
        () -> number(standby, "select pg_last_wal_replay_lsn() - '0/0'") >= position.lsn());
  }

  /** Where the log ends that a standby has received, in the first epoch. */
  static Position received(PostgresServer standby) {
    return new Position(1, number(standby, "select pg_last_wal_receive_lsn() - '0/0'"));
  }

  /** Writes so much that this server's log passes a position of another history. */
  void writePast(PostgresServer server, Position position) throws SQLException {
    while (flushed(server).lsn() <= position.lsn()) {
      execute(server, "insert into filler select repeat('x', 200) from generate_series(1, 1000)");
    }
  }

  static boolean sees(PostgresServer server, String condition) {
    return number(server, "select count(*) from " + condition) > 0;
  }

  static long number(PostgresServer server, String sql) {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getBigDecimal(1).longValue();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static void execute(PostgresServer server, String... statements) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  static Connection connect(PostgresServer server) throws SQLException {
    return java.sql.DriverManager.getConnection(
        server.jdbcUrl("postgres"), server.user(), server.password());
  }

  /** As ingest reads it when it raises an epoch. */
  private static History historyOf(PostgresServer server) throws SQLException {
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select system_identifier::text,"
                    + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"
                    + " from pg_control_system()")) {
      row.next();
      return new History(row.getString(1), row.getInt(2));
    }
  }

  @Override
  public void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  /** For the loaders that look right and are not: what they ask, wherever they ask it. */
  static boolean hasReplayed(Connection connection, Position position) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_last_wal_replay_lsn() - '0/0'::pg_lsn")) {
      row.next();
      return row.getBigDecimal(1).longValue() >= position.lsn();
    }
  }
}
