package dev.hearth.cli.doctor;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.schemas.topic.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A Redis store. */
public final class Redis {
  private static final double NEARLY_FULL = 0.9;

  private Redis() {}

  /** Of the store with this name. */
  public static Examination<?> examination(
      HearthConfig config, String name, HearthConfig.Redis redis) {
    Topics topics = new Topics(config.kafka().topicPrefix());
    int partitions = topics.invalidations().partitions();
    List<String> keys = probes(config, name, topics.prefix());
    return new Examination<>(
        "Redis " + name,
        () -> RedisSession.open(name, redis, topics.prefix(), partitions),
        List.of(
            Check.of("version", server -> server.info("server"), Redis::version),
            Check.of("memory", Redis::memory, Redis::memory),
            Check.of("persistence", server -> server.info("persistence"), Redis::persistence),
            Check.of("topology", Redis::topology, Redis::topology),
            Check.of("commands", server -> refused(server, keys), Redis::commands),
            Check.of("clock", server -> Clocks.compare(server::time), Clocks::verdict)));
  }

  static Verdict version(Map<String, String> server) {
    String version = server.getOrDefault("redis_version", "");
    String[] parts = version.split("\\.", -1);
    int major = number(parts[0]);
    int minor = parts.length > 1 ? number(parts[1]) : 0;
    if (major < 0) {
      return Verdict.unknown("the server does not tell its version");
    }
    return major > 6 || (major == 6 && minor >= 2)
        ? Verdict.ok(version)
        : Verdict.problem("Redis " + version + " is too old; expected 6.2 or newer", "upgrade it");
  }

  private static int number(String text) {
    return text.matches("\\d{1,6}") ? Integer.parseInt(text) : -1;
  }

  /**
   * What becomes of records when memory is short.
   *
   * @param mostBytes 0: no bound
   */
  record Memory(String policy, long mostBytes, long usedBytes) {}

  private static Memory memory(RedisSession server) {
    Map<String, String> memory = server.info("memory");
    return new Memory(
        memory.getOrDefault("maxmemory_policy", ""),
        Long.parseLong(memory.getOrDefault("maxmemory", "0")),
        Long.parseLong(memory.getOrDefault("used_memory", "0")));
  }

  static Verdict memory(Memory found) {
    String bound =
        found.mostBytes() == 0
            ? "no maxmemory"
            : Texts.bytes(found.usedBytes()) + " of " + Texts.bytes(found.mostBytes()) + " used";
    if (found.policy().startsWith("allkeys-")) {
      return Verdict.warning(
          "maxmemory-policy "
              + found.policy()
              + " may evict positions, which have no time to live: each one lost voids a part of"
              + " the store; "
              + bound,
          "CONFIG SET maxmemory-policy volatile-lru");
    }
    if (found.mostBytes() == 0) {
      return Verdict.warning(
          found.policy()
              + ", and no maxmemory: the store grows until the machine has no memory left",
          "CONFIG SET maxmemory 4gb, and maxmemory-policy volatile-lru");
    }
    if (found.policy().equals("noeviction")
        && found.usedBytes() > NEARLY_FULL * found.mostBytes()) {
      return Verdict.warning(
          "noeviction, and "
              + bound
              + ": when it is full, entries are still deleted, but nothing is filled and no"
              + " position is written, so that readers go to the database",
          "CONFIG SET maxmemory-policy volatile-lru, or raise maxmemory");
    }
    return Verdict.ok(found.policy() + "; " + bound);
  }

  static Verdict persistence(Map<String, String> found) {
    boolean log = "1".equals(found.get("aof_enabled"));
    if ("err".equals(found.get("rdb_last_bgsave_status"))
        || (log && "err".equals(found.get("aof_last_write_status")))) {
      return Verdict.problem(
          "the last save failed, and then Redis refuses every write"
              + " (stop-writes-on-bgsave-error)",
          "look into its log, at the free space and permissions of its directory");
    }
    return Verdict.ok(
        log
            ? "append-only file: after a restart the log is replayed from where it stands"
            : "snapshots or none: after a restart it is empty or older, which its positions tell");
  }

  /**
   * Who else there is.
   *
   * @param quorum what sentinels say; empty where there are none
   * @param leastReplicas min-replicas-to-write; empty: not told
   */
  record Topology(
      Map<String, String> cluster,
      Optional<String> quorum,
      int replicas,
      Optional<String> leastReplicas) {}

  private static Topology topology(RedisSession server) {
    if (server.isCluster()) {
      return new Topology(server.clusterInfo(), Optional.empty(), 0, Optional.empty());
    }
    Optional<String> quorum = Optional.empty();
    if (server.isUnderSentinels()) {
      try {
        quorum = Optional.of(server.quorum());
      } catch (RuntimeException e) {
        quorum = Optional.of("NOQUORUM " + Reasons.of(e));
      }
    }
    return new Topology(
        Map.of(),
        quorum,
        Integer.parseInt(server.info("replication").getOrDefault("connected_slaves", "0")),
        server.setting("min-replicas-to-write"));
  }

  static Verdict topology(Topology found) {
    if (!found.cluster().isEmpty()) {
      String slots = found.cluster().getOrDefault("cluster_slots_ok", "0");
      boolean fine = "ok".equals(found.cluster().get("cluster_state")) && slots.equals("16384");
      return fine
          ? Verdict.ok(
              "a cluster of "
                  + found.cluster().getOrDefault("cluster_known_nodes", "?")
                  + " nodes; every slot is served")
          : Verdict.problem(
              "of the cluster's 16384 slots only "
                  + slots
                  + " are served: deliveries vouch for nothing meanwhile",
              "redis-cli --cluster check HOST:PORT");
    }
    if (found.quorum().filter(said -> said.contains("NOQUORUM")).isPresent()) {
      return Verdict.problem(
          "too few sentinels agree to promote a replica (" + found.quorum().orElse("") + ")",
          "bring sentinels back, and look at SENTINEL CKQUORUM");
    }
    if (found.replicas() == 0) {
      return Verdict.ok("one server without replicas");
    }
    String replicas = found.replicas() + " replicas";
    return found.leastReplicas().filter(least -> least.equals("0")).isPresent()
        ? Verdict.warning(
            replicas
                + ", and min-replicas-to-write is 0: a master that is cut off from them goes on"
                + " granting leases to those who still reach it",
            "CONFIG SET min-replicas-to-write 1, and min-replicas-max-lag 10")
        : Verdict.ok(replicas + found.quorum().map(said -> "; sentinels agree").orElse(""));
  }

  /** Keys that nothing has: one of each cache, and one of a meta record. */
  private static List<String> probes(HearthConfig config, String store, String prefix) {
    String nobody = "hearth-doctor-" + UUID.randomUUID();
    List<String> keys = new ArrayList<>();
    keys.add(prefix + ":meta:" + nobody);
    config
        .caches()
        .forEach(
            (name, cache) -> {
              if (cache.stores().contains(store)) {
                keys.add(cache.key().replaceAll("\\{[^{}]*}", nobody));
              }
            });
    return keys;
  }

  /** What this user may not do, each with the server's answer. */
  private static List<String> refused(RedisSession server, List<String> keys) {
    List<String> refused = new ArrayList<>();
    for (String key : keys) {
      String meta = keys.get(0);
      for (Probe probe : Probe.all(key, server.isCluster() ? key : meta)) {
        try {
          server.send(probe.command(), probe.arguments().toArray(String[]::new));
        } catch (RuntimeException e) {
          String answer = Reasons.of(e);
          // A node that another one serves the key of has let the command pass.
          if (!answer.startsWith("MOVED") && !answer.startsWith("ASK")) {
            refused.add(probe.command() + " " + key + " (" + answer + ")");
          }
        }
      }
    }
    return refused;
  }

  /** A command as the protocol uses it, on keys that are not there. */
  private record Probe(String command, List<String> arguments) {
    static List<Probe> all(String key, String meta) {
      return List.of(
          new Probe("GET", List.of(key)),
          new Probe("MGET", List.of(key)),
          new Probe("UNLINK", List.of(key)),
          new Probe("DEL", List.of(key)),
          // With XX, of a key that is not there: nothing is set.
          new Probe("SET", List.of(key, "", "XX", "PX", "1")),
          new Probe(
              "EVAL",
              List.of(
                  "redis.call('GET', KEYS[1]); redis.call('SET', KEYS[1], '', 'XX', 'PX', 1);"
                      + " redis.call('UNLINK', KEYS[1]); return redis.call('GET', KEYS[2])",
                  "2",
                  key,
                  meta)),
          new Probe("SCAN", List.of("0", "COUNT", "1")));
    }
  }

  static Verdict commands(List<String> refused) {
    if (refused.isEmpty()) {
      return Verdict.ok("scripts and every command of the protocol are allowed on our keys");
    }
    if (refused.stream().anyMatch(each -> each.contains("OOM"))) {
      return Verdict.problem(
          "the server is out of memory: " + refused.get(0),
          "CONFIG SET maxmemory-policy volatile-lru, or raise maxmemory");
    }
    return Verdict.problem(
        "this user may not: "
            + String.join(", ", refused.subList(0, Math.min(3, refused.size())))
            + (refused.size() > 3 ? " and " + (refused.size() - 3) + " more" : ""),
        "ACL SETUSER USER ~* +get +mget +set +del +unlink +eval +evalsha +scan +info +time +multi"
            + " +exec +ping +hello +client (in a cluster +cluster too)");
  }
}
