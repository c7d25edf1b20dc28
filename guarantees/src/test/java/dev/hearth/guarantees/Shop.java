package dev.hearth.guarantees;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.Codec;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Loader;
import dev.hearth.client.WriteToken;
import dev.hearth.ingest.Gates;
import dev.hearth.ingest.Ingest;
import dev.hearth.sandbox.HeldCommits;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A small shop with the whole pipeline behind it, on real servers. Each shop has a database, topics
 * and keys of its own; servers are shared by all tests of the module.
 */
final class Shop implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Sandbox SANDBOX = Sandbox.builder().start();
  private static final Duration ANSWER_BOUND = Duration.ofSeconds(20);

  final String name = "shop" + NUMBER.incrementAndGet();
  final HearthConfig config;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  Shop() throws Exception {
    this(yaml -> yaml);
  }

  /**
   * @param adjust changes the configuration that {@link #yaml} gives
   */
  Shop(UnaryOperator<String> adjust) throws Exception {
    SANDBOX.postgres().createDatabase(name);
    execute(
        """
        create table category (id int primary key, name text not null);
        create table product (id int primary key, name text not null, category_id int);
        alter table product replica identity full;
        create table price (product_id int primary key, amount numeric(10, 2) not null, note text);
        alter table price replica identity full;
        """);
    this.config =
        ConfigLoader.parse(
                name,
                adjust.apply(yaml(Files.createTempDirectory("hearth-" + name))),
                Map.of(),
                Map.of())
            .config();
    Topics topics = topics();
    KafkaTopics.ensure(
        kafka(),
        replicas -> topics.all().stream().map(topic -> topic.definition(replicas)).toList());
  }

  /** The configuration, for a process with a data directory of its own. */
  String yaml(Path dataDirectory) {
    return """
                source:
                  postgres: { url: "%s", user: %s, password: "%s", slot: %s }
                kafka: { bootstrapServers: "%s", topicPrefix: %s }
                stores:
                  redis: { type: redis, uri: "%s" }
                  hazelcast: { type: hazelcast, members: [ "%s" ], clusterName: "%s" }
                caches:
                  product:
                    stores: [ redis, hazelcast ]
                    key: "%s:product:{id}"
                    load: select id, name, category_id from product where id = any(:id)
                  category: { stores: [ redis, hazelcast ], key: "%s:category:{id}" }
                rules:
                  - table: public.product
                    keys: [ "%s:product:{id}", "%s:category:{category_id}" ]
                  - { table: public.price, columns: [ amount ], keys: [ "%s:product:{product_id}" ] }
                  - { table: public.category, keys: [ "%s:category:{id}" ] }
                http: { port: 0 }
                dataDirectory: "%s"
                """
        .formatted(
            url(),
            SANDBOX.postgres().user(),
            SANDBOX.postgres().password(),
            name,
            SANDBOX.kafka().bootstrapServers(),
            name,
            SANDBOX.redis().uri(),
            SANDBOX.hazelcast().address(),
            SANDBOX.hazelcast().clusterName(),
            name,
            name,
            name,
            name,
            name,
            name,
            dataDirectory);
  }

  Sandbox servers() {
    return SANDBOX;
  }

  Topics topics() {
    return new Topics(name);
  }

  Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(SANDBOX.kafka().bootstrapServers(), Map.of());
  }

  String url() {
    return SANDBOX.postgres().jdbcUrl(name);
  }

  String product(int id) {
    return name + ":product:" + id;
  }

  String category(int id) {
    return name + ":category:" + id;
  }

  /** Everything in one process, as {@code hearth run} has it. */
  Services startAll() {
    return start(EnumSet.allOf(Role.class));
  }

  Services start(Set<Role> roles) {
    Services services = new Services(config, roles);
    opened.push(services);
    services.start();
    return services;
  }

  Ingest startIngest(boolean gate) throws Exception {
    Ingest ingest = Gates.ingest(config, gate);
    opened.push(ingest::close);
    ingest.start();
    return ingest;
  }

  CoherentCache<String> cache(Services services, String cache, String store) {
    return cache(cache, store(services, store)).build();
  }

  /** A cache that waits for its store: the slowest of machines must not change what a test sees. */
  static CoherentCache.Builder<String> cache(String cache, FencedStore store) {
    return CoherentCache.builder(cache, store, Codec.UTF_8, Duration.ofMinutes(10))
        .storeTimeout(ANSWER_BOUND);
  }

  /** Reads until the store holds it: a fill may be refused at any time, and is then made again. */
  Optional<String> fill(
      CoherentCache<String> cache,
      String name,
      FencedStore store,
      String key,
      Loader<String> loader)
      throws Exception {
    Deque<String> held = new ArrayDeque<>();
    Eventually.eventually(
        () -> {
          Optional<String> read = cache.get(key, loader);
          Optional<String> there = cached(store, name, key);
          assertThat(there).as(key).isPresent().isEqualTo(read);
          held.push(there.orElseThrow());
        });
    return Optional.of(held.pop());
  }

  FencedStore store(Services services, String store) {
    return Optional.ofNullable(services.readers().get(store)).orElseThrow();
  }

  /** What a store holds for a key, as a reader sees it; takes no notice of leases. */
  Optional<String> cached(FencedStore store, String cache, String key) throws Exception {
    return peek(store, cache, key)
        .flatMap(hit -> hit.value().bytes())
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  private static Optional<ReadOutcome.Hit> peek(FencedStore store, String cache, String key)
      throws Exception {
    return answer(() -> store.peek(new CacheKey(cache, key)));
  }

  /** What a store answers; asked again where it is slow to connect or to answer. */
  static <T> T answer(Supplier<CompletionStage<T>> question) throws Exception {
    List<T> answers = new ArrayList<>();
    Eventually.eventually(() -> answers.add(answerNow(question.get())));
    return answers.get(0);
  }

  private static <T> T answerNow(CompletionStage<T> answer) throws InterruptedException {
    try {
      return answer.toCompletableFuture().get(ANSWER_BOUND.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("the store does not answer", e);
    }
  }

  /**
   * Waits until a store grants leases that last: its deliveries have begun, and the slot's birth is
   * behind it, whose second epoch voids what was filled before.
   */
  void awaitLeases(FencedStore store) throws Exception {
    long settled = settledEpoch();
    for (int i = 0; i < 64; i++) {
      CacheKey key = new CacheKey("product", name + ":probe:" + i);
      Eventually.eventually(
          () -> {
            Lease lease = lease(store, key);
            assertThat(lease.era().epoch()).isGreaterThanOrEqualTo(settled);
          });
    }
  }

  /** A lease that is given back. */
  private static Lease lease(FencedStore store, CacheKey key) throws InterruptedException {
    ReadOutcome outcome = answerNow(store.get(key));
    assertThat(outcome).isInstanceOf(ReadOutcome.Granted.class);
    Lease lease = ((ReadOutcome.Granted) outcome).lease();
    answerNow(store.release(key, lease));
    return lease;
  }

  /** What is committed by now. */
  WriteToken now() throws SQLException {
    try (Connection connection = connect()) {
      return WriteToken.after(connection);
    }
  }

  /**
   * Waits until a store has applied everything up to a token to a key. That another key has changed
   * would not tell: partitions do not wait for one another. Asked under another key of the same
   * partition, so that the entry of this one, or the lease of its filler, stays as it is.
   */
  void awaitApplied(FencedStore store, String key, WriteToken token) throws Exception {
    CacheKey beside = new CacheKey("product", beside(key));
    Eventually.eventually(
        () ->
            assertThat(lease(store, beside).applied().lsn())
                .usingComparator(Long::compareUnsigned)
                .isGreaterThanOrEqualTo(token.lsn()));
  }

  private String beside(String key) {
    int partitions = topics().invalidations().partitions();
    return Stream.iterate(0, n -> n + 1)
        .map(n -> name + ":beside:" + n)
        .filter(
            other -> KeySlot.partitionOf(other, partitions) == KeySlot.partitionOf(key, partitions))
        .findFirst()
        .orElseThrow();
  }

  private long settledEpoch() throws Exception {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(topics().epochs().name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      AtomicLong settled = new AtomicLong();
      Eventually.eventually(
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
              if (topics()
                          .epochs()
                          .value()
                          .deserializer()
                          .deserialize(record.topic(), record.value())
                      instanceof EpochRaised raised
                  && raised.settled()) {
                settled.set(raised.position().epoch());
              }
            }
            assertThat(settled.get()).as("a settled epoch").isPositive();
          });
      return settled.get();
    }
  }

  Loader<String> productName() {
    return key -> {
      try (Connection connection = connect();
          PreparedStatement query =
              connection.prepareStatement("select name from product where id = ?")) {
        query.setInt(1, Integer.parseInt(key.substring(key.lastIndexOf(':') + 1)));
        try (ResultSet row = query.executeQuery()) {
          return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
        }
      }
    };
  }

  /** From now on commits are durable and visible to nobody, until it is closed. */
  HeldCommits holdCommits() throws Exception {
    return HeldCommits.begin(url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(
        url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
    Eventually.eventually(
        () ->
            assertThatCode(
                    () ->
                        execute(
                            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
                                + " where slot_name = '"
                                + name
                                + "'"))
                .doesNotThrowAnyException());
  }
}
