package dev.hearth.warmer;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.audit.AuditSettings;
import dev.hearth.warmer.heat.HeatSettings;
import dev.hearth.warmer.run.RunnerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the warmer needs to know.
 *
 * @param kafka bootstrap servers, security and what else the user set for all clients
 * @param stateDirectory of Kafka Streams, for locks and checkpoints
 */
public record WarmerSettings(
    Map<String, String> kafka,
    Topics topics,
    Path stateDirectory,
    Database database,
    List<Cache> caches,
    HeatSettings heat,
    RunnerSettings runner,
    AuditSettings audit,
    Triggers triggers) {

  public WarmerSettings {
    kafka = Map.copyOf(kafka);
    caches = List.copyOf(caches);
  }

  /** Settings of a warmer that warms what it is asked for over HTTP or by a command, no more. */
  public WarmerSettings(
      Map<String, String> kafka,
      Topics topics,
      Path stateDirectory,
      Database database,
      List<Cache> caches,
      HeatSettings heat,
      RunnerSettings runner,
      AuditSettings audit) {
    this(
        kafka,
        topics,
        stateDirectory,
        database,
        caches,
        heat,
        runner,
        audit,
        new Triggers(Map.of(), new HearthConfig.Hooks(null, Duration.ofMinutes(5)), Set.of()));
  }

  /**
   * What starts runs by itself.
   *
   * @param plans by name
   * @param refreshed names of caches whose hot keys are filled again after a change
   */
  public record Triggers(
      Map<String, HearthConfig.Warmup> plans, HearthConfig.Hooks hooks, Set<String> refreshed) {
    public Triggers {
      plans = Map.copyOf(plans);
      refreshed = Set.copyOf(refreshed);
    }
  }

  /**
   * The primary, and standbys of it.
   *
   * @param replicas JDBC URLs of physical standbys that loads may read from; the same user
   * @param password null where the server asks for none
   * @param statementTimeout longest run of one load query
   */
  public record Database(
      String jdbcUrl,
      List<String> replicas,
      String user,
      @Nullable String password,
      Duration statementTimeout) {
    public Database {
      replicas = List.copyOf(replicas);
    }

    @Override
    public String toString() {
      return "Database[user=" + user + "]";
    }
  }

  /**
   * A cache.
   *
   * @param stores names of the stores that hold it
   * @param mode only a fenced one may be filled by the warmer
   * @param deleteAgainAfter time between the two deletes of a plain entry
   * @param load empty where the cache is not warmed
   */
  public record Cache(
      String name,
      KeyTemplate key,
      Duration ttl,
      List<String> stores,
      AuditVerdict.Mode mode,
      Duration deleteAgainAfter,
      Optional<String> load) {
    public Cache {
      stores = List.copyOf(stores);
    }

    boolean isFenced() {
      return mode == AuditVerdict.Mode.FENCED;
    }
  }

  /** The settings in a configuration, with the defaults of this version for the rest. */
  public static WarmerSettings of(HearthConfig config) {
    Map<String, String> kafka = new LinkedHashMap<>(config.kafka().properties());
    kafka.put("bootstrap.servers", config.kafka().bootstrapServers());
    List<Cache> caches = new ArrayList<>();
    Map<String, Duration> halfLives = new LinkedHashMap<>();
    config
        .caches()
        .forEach(
            (name, cache) -> {
              // Tags hold nothing that could be warmed or compared with the database.
              if (cache.mode() != HearthConfig.Mode.TAG) {
                halfLives.put(name, cache.halfLife());
                caches.add(
                    new Cache(
                        name,
                        KeyTemplate.parse(cache.key()),
                        cache.ttl(),
                        cache.stores(),
                        AuditVerdict.Mode.valueOf(cache.mode().name()),
                        cache.deleteAgainAfter(),
                        Optional.ofNullable(cache.load())));
              }
            });
    HearthConfig.Postgres postgres = config.source().postgres();
    return new WarmerSettings(
        kafka,
        new Topics(config.kafka().topicPrefix()),
        config.dataDirectory().resolve("warmer"),
        new Database(
            postgres.url(),
            postgres.replicas(),
            postgres.user(),
            postgres.password() == null ? null : postgres.password().reveal(),
            Duration.ofSeconds(5)),
        caches,
        HeatSettings.defaults().withHalfLives(halfLives),
        RunnerSettings.defaults(),
        AuditSettings.defaults(),
        new Triggers(
            config.warmups(),
            config.hooks(),
            config.caches().entrySet().stream()
                .filter(cache -> cache.getValue().refresh())
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet())));
  }
}
