package dev.hearth.chassis.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Everything a user can set, as it stands in {@code hearth.yaml}, with defaults filled in. Deeply
 * immutable; maps keep the order of the file. {@link ConfigLoader} makes it and vouches that it is
 * valid; docs/configuration.md says what each key means. No record of it prints a secret.
 *
 * @param stores by name, in file order, at least one
 * @param caches by name, in file order, at least one
 * @param rules in file order, at least one
 * @param warmups plans by name, in file order, may be empty
 * @param dataDirectory for what can be built again; need not exist yet
 */
public record HearthConfig(
    Source source,
    Kafka kafka,
    Freshness freshness,
    Map<String, Store> stores,
    Map<String, Cache> caches,
    List<Rule> rules,
    Map<String, Warmup> warmups,
    Hooks hooks,
    Http http,
    Lineage lineage,
    Path dataDirectory) {

  /** Keeps copies of the collections. */
  public HearthConfig {
    stores = inOrder(stores);
    caches = inOrder(caches);
    rules = List.copyOf(rules);
    warmups = inOrder(warmups);
  }

  /** Where changes come from. */
  public record Source(Postgres postgres) {}

  /**
   * The PostgreSQL primary.
   *
   * @param url JDBC URL
   * @param password null where the server asks for none
   * @param replicas JDBC URLs of physical standbys, may be empty
   */
  public record Postgres(
      String url,
      String user,
      @Nullable Secret password,
      String slot,
      String publication,
      List<String> replicas) {

    /** Keeps a copy of the list. */
    public Postgres {
      replicas = List.copyOf(replicas);
    }

    @Override
    public String toString() {
      return "Postgres[url=%s, user=%s, slot=%s, publication=%s, replicas=%s]"
          .formatted(
              Masking.address(url),
              user,
              slot,
              publication,
              replicas.stream().map(Masking::address).toList());
    }
  }

  /**
   * The Kafka cluster.
   *
   * @param bootstrapServers host:port, separated by commas
   * @param topicPrefix first word of every topic and group
   * @param properties further client properties, may be empty; may hold secrets
   */
  public record Kafka(String bootstrapServers, String topicPrefix, Map<String, String> properties) {

    /** Keeps a copy of the map. */
    public Kafka {
      properties = inOrder(properties);
    }

    @Override
    public String toString() {
      return "Kafka[bootstrapServers=%s, topicPrefix=%s, properties=%s]"
          .formatted(bootstrapServers, topicPrefix, properties.keySet());
    }
  }

  /** What readers get while freshness is in doubt. */
  public record Freshness(WhenStale whenStale, Rate bypassBudget) {}

  /** What a read does while Hearth cannot tell how fresh the caches are. */
  public enum WhenStale {
    /** Reads past the cache, within the budget. */
    DATABASE,
    /** Answers from the cache and says so. */
    STALE,
    /** Refuses. */
    FAIL
  }

  /** A server that holds caches. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Redis.class, name = "redis"),
    @JsonSubTypes.Type(value = Hazelcast.class, name = "hazelcast")
  })
  public sealed interface Store permits Redis, Hazelcast {}

  /**
   * Redis: one server, a sentinel's group, or a cluster.
   *
   * @param uris at least one; several are nodes of a cluster. May hold passwords
   */
  public record Redis(@JsonProperty("uri") List<String> uris) implements Store {

    /** Keeps a copy of the list. */
    public Redis {
      uris = List.copyOf(uris);
    }

    @Override
    public String toString() {
      return "Redis[uris=%s]".formatted(uris.stream().map(Masking::address).toList());
    }
  }

  /**
   * A Hazelcast cluster.
   *
   * @param members host:port, at least one
   */
  public record Hazelcast(List<String> members, String clusterName) implements Store {

    /** Keeps a copy of the list. */
    public Hazelcast {
      members = List.copyOf(members);
    }
  }

  /**
   * One cache.
   *
   * @param stores names of the stores that hold it, at least one
   * @param key template of its keys, with at least one {@code {column}}
   * @param ttl longest life of an entry, 1 second to 7 days
   * @param deleteAgainAfter time between the two deletes of a plain entry, 100 milliseconds to 1
   *     hour
   * @param load query by which the warmer reads it; null when the cache is not warmed
   * @param refresh whether the warmer fills hot entries again after a change took them out
   * @param halfLife after which a read counts half in its heat, 1 second to 7 days
   * @param heatSamples keys that are sampled in each of its stores; none unless above zero
   */
  public record Cache(
      List<String> stores,
      String key,
      Duration ttl,
      Mode mode,
      Duration deleteAgainAfter,
      @Nullable String load,
      boolean refresh,
      Duration halfLife,
      Rate heatSamples) {
    private static final Duration HALF_LIFE = Duration.ofMinutes(10);
    private static final Rate NO_SAMPLES = new Rate(0, Duration.ofSeconds(1));

    /** Keeps a copy of the list. */
    @JsonCreator
    public Cache {
      stores = List.copyOf(stores);
    }

    /** A cache whose heat is told by its clients, with the usual half-life. */
    public Cache(
        List<String> stores,
        String key,
        Duration ttl,
        Mode mode,
        Duration deleteAgainAfter,
        @Nullable String load) {
      this(stores, key, ttl, mode, deleteAgainAfter, load, false, HALF_LIFE, NO_SAMPLES);
    }
  }

  /** How Hearth treats the entries of a cache. */
  public enum Mode {
    /** Fills hold a lease, so no fill outlives an invalidation. */
    FENCED,
    /** Entries that any program writes; deleted, and once more a little later. */
    PLAIN,
    /** Reports what would be invalidated and touches nothing. */
    OBSERVE,
    /** Holds no values: its entries are what entries of other caches depend on. */
    TAG
  }

  /**
   * Which change of a row touches which keys.
   *
   * @param table schema.table
   * @param columns that matter; empty: all
   * @param keys templates, at least one
   * @param when condition on the row before and after; null: every change counts
   * @param through null without fan-out
   * @param limit most keys that one change may touch, 1 to 10,000,000
   */
  public record Rule(
      String table,
      List<String> columns,
      List<String> keys,
      @Nullable String when,
      @Nullable Through through,
      int limit) {

    /** Keeps copies of the lists. */
    public Rule {
      columns = List.copyOf(columns);
      keys = List.copyOf(keys);
    }
  }

  /**
   * Fan-out to the rows of another table.
   *
   * @param table schema.table
   * @param on {@code column of that table = column of the changed table}, or of the table of the
   *     step before
   * @param as name of the table in keys; null: its own without the schema
   * @param ownChanges whether changes of that table's rows touch the rule's keys as well
   * @param through a second step; null where there is none
   */
  public record Through(
      String table,
      String on,
      @Nullable String as,
      boolean ownChanges,
      @Nullable Through through) {}

  /**
   * A named plan of warm-up runs.
   *
   * @param caches names, at least one, each warmed by a run of its own
   * @param top most keys of each cache, 1 to 1,000,000
   * @param budget longest time of each run, 1 second to 6 hours
   * @param environments of GitHub, whose successful deployments start it, may be empty
   * @param schedule five fields of cron; null: none
   * @param timeZone of the schedule
   * @param onColdStore whether it starts when a store has lost what it held
   */
  public record Warmup(
      List<String> caches,
      int top,
      By by,
      Duration budget,
      List<String> environments,
      @Nullable String schedule,
      String timeZone,
      boolean onColdStore) {

    /** Keeps copies of the lists. */
    public Warmup {
      caches = List.copyOf(caches);
      environments = List.copyOf(environments);
    }

    /** When it starts by itself; empty where it has no schedule. */
    public Optional<CronSchedule> cron() {
      return schedule == null
          ? Optional.empty()
          : Optional.of(CronSchedule.parse(schedule, timeZone));
    }
  }

  /** Which keys come first. */
  public enum By {
    /** The most read. */
    READS,
    /** Those that save the database most time. */
    WEIGHT
  }

  /**
   * Webhooks.
   *
   * @param secret of the signatures; null: webhooks are off
   * @param tolerance how far a webhook's time may be from this service's, 10 seconds to 1 hour
   */
  public record Hooks(@Nullable Secret secret, Duration tolerance) {}

  /**
   * The service's HTTP port.
   *
   * @param host address to listen on
   * @param port 0 to 65535; 0 takes a free one
   * @param token bearer token for calls that change something; null: they are refused off loopback
   */
  public record Http(String host, int port, @Nullable Secret token) {}

  /**
   * What is recorded of each key, for {@code hearth why}.
   *
   * @param diskMegabytes 0: nothing is recorded; otherwise 64 to 1,000,000
   */
  public record Lineage(int diskMegabytes) {}

  /**
   * A number of events in a time.
   *
   * @param count zero or more
   * @param per a second, a minute or an hour
   */
  public record Rate(long count, Duration per) {

    /** Events per second. */
    public double perSecond() {
      return count * 1e9 / per.toNanos();
    }
  }

  private static <V> Map<String, V> inOrder(Map<String, V> map) {
    return map.entrySet().stream()
        .collect(
            Collectors.collectingAndThen(
                Collectors.toMap(
                    Map.Entry::getKey,
                    Map.Entry::getValue,
                    (first, second) -> first,
                    LinkedHashMap::new),
                Collections::unmodifiableMap));
  }
}
