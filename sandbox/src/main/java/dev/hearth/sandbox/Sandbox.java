package dev.hearth.sandbox;

import com.hazelcast.config.Config;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Real servers on this machine, from Maven artifacts: PostgreSQL, Kafka, Redis, Hazelcast. They
 * listen on 127.0.0.1 only, keep everything in one data directory, and end with {@link #close()} or
 * with this JVM; what a killed JVM leaves behind is ended by the next sandbox on the same data
 * directory (or, for temporary ones, by the next of the same user). Safe for use by many threads.
 */
public final class Sandbox implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Sandbox.class);

  private final DataDirectory data;
  private final Ports ports;
  private final RedisExecutable redis;
  private final Map<Server, Restartable> servers;
  private final List<RedisServer> moreRedis = new ArrayList<>();
  private final List<Restartable> standbys = new ArrayList<>();
  private final Thread hook = new Thread(this::shutDownLast, "sandbox-shutdown");
  private volatile Runnable beforeTheEnd = () -> {};
  private boolean closed;

  private Sandbox(
      DataDirectory data, Ports ports, RedisExecutable redis, Map<Server, Restartable> servers) {
    this.data = data;
    this.ports = ports;
    this.redis = redis;
    this.servers = servers;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Where the servers keep their data and logs. */
  public Path dataDirectory() {
    return data.path();
  }

  /**
   * The PostgreSQL of this sandbox.
   *
   * @throws IllegalStateException when it was not asked for
   */
  public PostgresServer postgres() {
    return (PostgresServer) find(Server.POSTGRES);
  }

  /**
   * Starts a physical standby of this sandbox's PostgreSQL and returns when it answers. It streams
   * the log, and ends with the sandbox like every other server.
   *
   * @param name lower-case letters, digits and dashes; one that this data directory knows goes on
   *     with its data, as a primary where it was promoted
   * @throws IllegalStateException when PostgreSQL was not asked for, or the sandbox is closed
   * @throws SandboxException when it does not come up
   */
  public synchronized PostgresServer startStandby(String name) {
    if (!name.matches("[a-z0-9][a-z0-9-]{0,40}")) {
      throw new IllegalArgumentException(
          "The standby's name is \"%s\"; expected 1 to 41 lower-case letters, digits and dashes."
              .formatted(name));
    }
    if (closed) {
      throw new IllegalStateException("This sandbox is closed; start the standby before.");
    }
    PostgresServer standby = postgres().standby(name, ports.free());
    standbys.add(standby);
    standby.start();
    return standby;
  }

  /**
   * The Kafka of this sandbox.
   *
   * @throws IllegalStateException when it was not asked for
   */
  public KafkaServer kafka() {
    return (KafkaServer) find(Server.KAFKA);
  }

  /**
   * The Redis of this sandbox.
   *
   * @throws IllegalStateException when it was not asked for
   */
  public RedisServer redis() {
    return (RedisServer) find(Server.REDIS);
  }

  /**
   * Starts one more Redis, which ends with this sandbox: a replica, a node of a cluster, one with
   * little memory.
   *
   * @param settings lines of its redis.conf, such as {@code maxmemory 2mb}
   * @throws SandboxException when it does not come up
   */
  public RedisServer startRedis(String... settings) {
    return startRedis(RedisServer.Role.SERVER, List.of(settings));
  }

  /**
   * Starts one more Redis Sentinel, which ends with this sandbox.
   *
   * @param settings lines of its sentinel.conf, such as {@code sentinel monitor shop 127.0.0.1 6379
   *     1}
   * @throws SandboxException when it does not come up
   */
  public RedisServer startSentinel(String... settings) {
    return startRedis(RedisServer.Role.SENTINEL, List.of(settings));
  }

  private synchronized RedisServer startRedis(RedisServer.Role role, List<String> settings) {
    if (closed) {
      throw new IllegalStateException("This sandbox is closed.");
    }
    RedisServer server =
        new RedisServer(
            data,
            redis,
            "redis-" + (moreRedis.size() + 2),
            ports.freeWithRedisBus(),
            role,
            settings);
    moreRedis.add(server);
    server.start();
    return server;
  }

  /**
   * The Hazelcast of this sandbox.
   *
   * @throws IllegalStateException when it was not asked for
   */
  public HazelcastServer hazelcast() {
    return (HazelcastServer) find(Server.HAZELCAST);
  }

  /** Ends all servers, and deletes the data directory when it is a temporary one. */
  @Override
  public void close() {
    shutDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending: the hook finds nothing left to do.
    }
  }

  /**
   * Lets whoever uses the servers finish when the JVM ends: they are ended only when this has
   * returned. Without it they are ended at once, for no hook waits for another.
   *
   * @param wait has a bound of its own
   */
  public void endAfter(Runnable wait) {
    beforeTheEnd = wait;
  }

  private void shutDownLast() {
    beforeTheEnd.run();
    shutDown();
  }

  private void startAll(Consumer<String> progress) {
    Runtime.getRuntime().addShutdownHook(hook);
    List<Throwable> failures =
        inParallel(
            servers.values(),
            server -> {
              long start = System.nanoTime();
              server.start();
              long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
              progress.accept(
                  "%s is up on 127.0.0.1:%d after %d ms."
                      .formatted(server.server().title(), server.port(), millis));
            });
    if (!failures.isEmpty()) {
      close();
      throw combined(failures);
    }
  }

  /** Synchronized, so that a JVM that ends while close() is at work waits for it. */
  private synchronized void shutDown() {
    if (!closed) {
      closed = true;
      // Nobody will read a temporary directory again, so nothing needs to end in good order.
      List<Restartable> all = new ArrayList<>(servers.values());
      all.addAll(moreRedis);
      all.addAll(standbys);
      List<Throwable> failures =
          inParallel(all, data.temporary() ? Restartable::kill : Restartable::stop);
      failures.forEach(failure -> log.warn("Server not stopped: error={}", failure.getMessage()));
      data.release();
    }
  }

  private Restartable find(Server server) {
    Restartable found = servers.get(server);
    if (found == null) {
      throw new IllegalStateException(
          "This sandbox has no %s; it was started with %s only. Add Server.%s to servers(…)."
              .formatted(server.title(), servers.keySet(), server));
    }
    return found;
  }

  private static List<Throwable> inParallel(
      Collection<Restartable> servers, Consumer<Restartable> action) {
    ExecutorService threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "sandbox");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<CompletableFuture<Void>> running =
          servers.stream()
              .map(server -> CompletableFuture.runAsync(() -> action.accept(server), threads))
              .toList();
      List<Throwable> failures = new ArrayList<>();
      for (CompletableFuture<Void> one : running) {
        try {
          one.join();
        } catch (CompletionException e) {
          failures.add(e.getCause() == null ? e : e.getCause());
        }
      }
      return failures;
    } finally {
      threads.shutdown();
    }
  }

  private static SandboxException combined(List<Throwable> failures) {
    Throwable first = failures.get(0);
    SandboxException combined =
        first instanceof SandboxException sentence
            ? sentence
            : new SandboxException("The sandbox did not start: " + first + ".", first);
    failures.stream().skip(1).forEach(combined::addSuppressed);
    return combined;
  }

  /** Says what to start, and starts it. For use by one thread. */
  public static final class Builder {
    private final Map<Server, Integer> ports = new EnumMap<>(Server.class);
    private Set<Server> servers = EnumSet.allOf(Server.class);
    private @Nullable Path directory;
    private Consumer<String> progress = sentence -> {};
    private Consumer<Config> hazelcastAdjustment = config -> {};

    private Builder() {}

    /**
     * Keeps everything in this directory, which is created when missing and kept by close(). By
     * default it is a fresh temporary directory that close() deletes.
     */
    public Builder dataDirectory(Path directory) {
      this.directory = directory;
      return this;
    }

    /** Starts these servers only; by default all. */
    public Builder servers(Server... servers) {
      this.servers = EnumSet.noneOf(Server.class);
      this.servers.addAll(List.of(servers));
      return this;
    }

    /**
     * Gives a server its port.
     *
     * @param port 1 to 65535, or 0 (the default) for a free one
     */
    public Builder port(Server server, int port) {
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException(
            "The port of %s must be 0 (a free one) to 65535, found %d."
                .formatted(server.title(), port));
      }
      ports.put(server, port);
      return this;
    }

    /** Receives one sentence per server when it is up, each from the thread that started it. */
    public Builder progress(Consumer<String> progress) {
      this.progress = progress;
      return this;
    }

    /** Changes the member's configuration, such as its map settings, before each of its starts. */
    public Builder hazelcastConfig(Consumer<Config> adjustment) {
      this.hazelcastAdjustment = adjustment;
      return this;
    }

    /**
     * Starts the servers in parallel and returns when all answer.
     *
     * @throws SandboxException when one does not start; the others are then ended too
     */
    public Sandbox start() {
      Ports free = new Ports(new SecureRandom());
      DataDirectory data = DataDirectory.claim(directory);
      RedisExecutable redis = new RedisExecutable(data);
      Map<Server, Restartable> created = new EnumMap<>(Server.class);
      try {
        for (Server server : servers) {
          int port = ports.getOrDefault(server, 0);
          created.put(server, create(server, data, redis, port == 0 ? free.free() : port, free));
        }
      } catch (SandboxException e) {
        data.release();
        throw e;
      }
      Sandbox sandbox = new Sandbox(data, free, redis, created);
      sandbox.startAll(progress);
      return sandbox;
    }

    private Restartable create(
        Server server, DataDirectory data, RedisExecutable redis, int port, Ports free) {
      return switch (server) {
        case POSTGRES -> new PostgresServer(data, port);
        case KAFKA -> new KafkaServer(data, port, free.free());
        case REDIS ->
            new RedisServer(data, redis, "redis", port, RedisServer.Role.SERVER, List.of());
        case HAZELCAST -> new HazelcastServer(port, hazelcastAdjustment);
      };
    }
  }
}
