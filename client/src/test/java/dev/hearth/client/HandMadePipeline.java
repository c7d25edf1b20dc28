package dev.hearth.client;

import dev.hearth.client.feed.InvalidationFeed;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.redis.RedisStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.IntPredicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The pipeline played by hand on a real database, broker and Redis, so that each of its steps can
 * be kept back: what is published reaches clients at once, the store only by {@link #deliver}.
 */
final class HandMadePipeline implements AutoCloseable {
  static final String CACHE = "product";
  static final String TAGS = "shelf";
  private static final Cause CAUSE = new Cause("public.product", "1", 1, "rules[0].keys[0]");

  final PGSimpleDataSource database = new PGSimpleDataSource();
  final Topics topics;
  private final String bootstrapServers;
  private final int partitions;
  private final KafkaProducer<String, InvalidationRecord> producer;
  private final KafkaProducer<String, StreamMark> epochs;
  private final RedisStore redis;
  private final DeliveryTarget delivery;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final List<Published> pending = new ArrayList<>();
  private long epoch = 1;

  private record Published(int partition, long offset, InvalidationRecord record) {}

  /** The database's end of the log, and its clock. */
  private record Now(long lsn, Instant time, String systemIdentifier) {}

  HandMadePipeline(Sandbox sandbox, String name) throws Exception {
    this.bootstrapServers = sandbox.kafka().bootstrapServers();
    sandbox.postgres().createDatabase(name);
    database.setUrl(sandbox.postgres().jdbcUrl(name));
    database.setUser(sandbox.postgres().user());
    database.setPassword(sandbox.postgres().password());
    execute("create table product (id int primary key, name text)");
    this.topics = new Topics(name);
    this.partitions = topics.invalidations().partitions();
    createTopics();
    this.producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers, "linger.ms", 0),
            topics.invalidations().key().serializer(),
            topics.invalidations().value().serializer());
    this.epochs =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers, "linger.ms", 0),
            topics.epochs().key().serializer(),
            topics.epochs().value().serializer());
    this.redis =
        new RedisStore("redis", sandbox.redis().uri(), name, partitions, SlowMachine.redis());
    this.delivery = redis.connectForDelivery();
    for (int partition = 0; partition < partitions; partition++) {
      delivery.open(partition);
    }
  }

  /** As if the broker had lost the topic: what was published since is gone. */
  void recreateInvalidations() throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      admin.deleteTopics(List.of(topics.invalidations().name())).all().get();
      Eventually.eventually(
          "the topic is created again",
          () -> {
            try {
              admin.createTopics(List.of(topics.invalidations().definition((short) 1))).all().get();
              return true;
            } catch (ExecutionException e) {
              return false;
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  private void createTopics() throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      admin
          .createTopics(
              List.of(
                  topics.invalidations().definition((short) 1),
                  topics.epochs().definition((short) 1)))
          .all()
          .get();
    }
  }

  InvalidationFeed feed(MeterRegistry registry) {
    InvalidationFeed feed =
        InvalidationFeed.start(bootstrapServers, topics, Map.of(), database, registry);
    opened.push(feed);
    return feed;
  }

  CoherentCache.Builder<String> cache(InvalidationFeed feed, MeterRegistry registry) {
    FencedStore store = redis.connect();
    opened.push(store);
    return CoherentCache.builder(CACHE, store, Codec.UTF_8, Duration.ofHours(1))
        .follow(feed)
        .storeTimeout(SlowMachine.STORE_TIMEOUT)
        .meterRegistry(registry);
  }

  /** Begins an epoch of the database as it is. */
  void raiseEpoch(boolean settled) throws Exception {
    epoch++;
    Now now = now();
    EpochRaised raised =
        new EpochRaised(
            "hearth",
            new Position(epoch, now.lsn()),
            new SourceIdentity(now.systemIdentifier(), 1, "hearth", 0, "", Instant.EPOCH),
            settled,
            "test",
            Instant.EPOCH);
    epochs.send(new ProducerRecord<>(topics.epochs().name(), "hearth", raised)).get();
    publishMark(raised);
  }

  void raiseGeneration() throws Exception {
    raiseGeneration(CACHE);
  }

  void raiseGeneration(String cache) throws Exception {
    publishMark(
        new GenerationRaised(cache, 2, new Position(epoch, now().lsn()), "test", Instant.EPOCH));
  }

  /** A watermark: everything that is committed and visible now has been published. */
  void mark() throws Exception {
    Now now = now();
    publishMark(new Watermark(new Position(epoch, now.lsn()), now.lsn(), now.time()));
  }

  /** A watermark that a commit which is stuck holds at a place, while time goes on. */
  void markHeldAt(WriteToken place) throws Exception {
    Now now = now();
    publishMark(new Watermark(new Position(epoch, place.lsn()), now.lsn(), now.time()));
  }

  void invalidate(String key) throws Exception {
    invalidate(CACHE, key);
  }

  void invalidate(String cache, String key) throws Exception {
    Position position = new Position(epoch, now().lsn());
    publish(
        KeySlot.partitionOf(key, partitions),
        key,
        new Invalidation(cache, key, position, Instant.EPOCH, Instant.EPOCH, Instant.EPOCH, CAUSE));
  }

  private void publishMark(StreamMark mark) throws Exception {
    for (int partition = 0; partition < partitions; partition++) {
      publish(partition, "", new InvalidationMark(mark));
    }
  }

  private void publish(int partition, String key, InvalidationRecord record) throws Exception {
    long offset =
        producer
            .send(new ProducerRecord<>(topics.invalidations().name(), partition, key, record))
            .get()
            .offset();
    pending.add(new Published(partition, offset, record));
  }

  /** Applies to the store what was published so far. */
  void deliver() {
    deliver(partition -> true);
  }

  /** Applies what was published in some partitions. */
  void deliver(IntPredicate delivered) {
    for (int partition = 0; partition < partitions; partition++) {
      for (Published each : pending) {
        if (each.partition() == partition && delivered.test(partition)) {
          delivery.apply(List.of(round(each)));
        }
      }
    }
    pending.removeIf(each -> delivered.test(each.partition()));
  }

  private Round round(Published published) {
    Set<CacheKey> keys = new LinkedHashSet<>();
    Position ceiling = Position.NONE;
    Optional<Watermark> watermark = Optional.empty();
    Map<String, Long> generations = Map.of();
    if (published.record() instanceof Invalidation invalidation) {
      keys.add(new CacheKey(invalidation.cache(), invalidation.key()));
      ceiling = invalidation.position();
    } else if (((InvalidationMark) published.record()).mark() instanceof Watermark mark) {
      watermark = Optional.of(mark);
    } else {
      StreamMark mark = ((InvalidationMark) published.record()).mark();
      ceiling = mark.position();
      generations =
          mark instanceof GenerationRaised raised && raised.cache().equals(TAGS)
              ? Map.of(TAGS, raised.generation())
              : Map.of();
    }
    return new Round(
        published.partition(), ceiling, keys, generations, watermark, "topic", published.offset());
  }

  /**
   * Publishes a mark, delivers all, and waits until the feed has heard of it. The feed begins at
   * the end of the topic, in its own time: before it follows, it would miss the mark.
   */
  void settle(InvalidationFeed feed) throws Exception {
    awaitHeard(feed);
    mark();
    deliver();
    awaitHeard(feed);
  }

  /** Waits until the feed has heard of what was committed when this was called. */
  void awaitHeard(InvalidationFeed feed) throws Exception {
    Now now = now();
    Eventually.eventually(
        "the feed hears of what was published",
        () -> {
          try {
            publishMark(new Watermark(new Position(epoch, now.lsn()), now.lsn(), now.time()));
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          for (int partition = 0; partition < partitions; partition++) {
            if (!feed.heard(partition).position().atLeast(new Position(epoch, now.lsn()))
                || feed.heard(partition).age().isEmpty()) {
              return false;
            }
          }
          return true;
        });
  }

  /** Writes a product's name and commits. */
  WriteToken write(int id, String name) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "insert into product values (%d, '%s') on conflict (id) do update set name = '%s'"
              .formatted(id, name, name));
      return WriteToken.after(connection);
    }
  }

  static String key(int id) {
    return "product:" + id;
  }

  Loader<String> loader() {
    return key -> {
      try (Connection connection = database.getConnection();
          Statement statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  "select name from product where id = " + key.substring("product:".length()))) {
        return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
      }
    };
  }

  private Now now() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, clock_timestamp(),"
                    + " system_identifier::text from pg_control_system()")) {
      row.next();
      return new Now(
          row.getLong(1), row.getObject(2, OffsetDateTime.class).toInstant(), row.getString(3));
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
    delivery.close();
    redis.close();
    producer.close(Duration.ofSeconds(1));
    epochs.close(Duration.ofSeconds(1));
  }
}
