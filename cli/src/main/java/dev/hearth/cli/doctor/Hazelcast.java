package dev.hearth.cli.doctor;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.doctor.HazelcastSession.MapSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** A Hazelcast store. */
public final class Hazelcast {
  private static final int OLDEST = 5;
  private static final String DISCARD = "DiscardMergePolicy";

  private Hazelcast() {}

  /** Of the store with this name. */
  public static Examination<?> examination(
      HearthConfig config, String name, HearthConfig.Hazelcast hazelcast) {
    String map = config.kafka().topicPrefix() + ".entries";
    return new Examination<>(
        "Hazelcast " + name,
        () -> HazelcastSession.open(name, hazelcast),
        List.of(
            Check.of("version", HazelcastSession::versions, Hazelcast::version),
            Check.of("members", HazelcastSession::members, Hazelcast::members),
            Check.several("map", cluster -> cluster.map(map), found -> map(map, found)),
            Check.of("near cache", cluster -> map, Hazelcast::nearCache),
            Check.of("clock", cluster -> Clocks.compare(cluster::time), Clocks::verdict)));
  }

  static Verdict version(List<String> versions) {
    TreeSet<String> different = new TreeSet<>(versions);
    if (different.isEmpty()) {
      return Verdict.unknown("no member tells its version");
    }
    String oldest = different.first();
    if (Integer.parseInt(oldest.substring(0, oldest.indexOf('.'))) < OLDEST) {
      return Verdict.problem(
          "Hazelcast " + oldest + " is too old; expected " + OLDEST + ".0 or newer", "upgrade it");
    }
    return different.size() == 1
        ? Verdict.ok(oldest)
        : Verdict.warning(
            "members of different versions: " + String.join(", ", different), "finish the upgrade");
  }

  static Verdict members(int members) {
    return members > 1
        ? Verdict.ok(members + " members")
        : Verdict.warning(
            "1 member: when it ends, the store is empty, and every reader goes to the database",
            "start another member");
  }

  static List<Verdict> map(String name, Optional<MapSettings> there) {
    if (there.isEmpty()) {
      return List.of(
          Verdict.ok(
              name
                  + " is not there yet; configured on connecting, unless the members' own"
                  + " configuration names it"));
    }
    MapSettings found = there.get();
    List<Verdict> verdicts = new ArrayList<>();
    if (!found.format().equals("BINARY")) {
      verdicts.add(
          Verdict.problem(
              "in-memory format "
                  + found.format()
                  + " compares bytes by identity, so that no fill would ever be stored",
              cure(name, "in-memory-format: BINARY")));
    }
    if (!found.mergePolicy().endsWith(DISCARD)) {
      verdicts.add(
          Verdict.problem(
              "merge policy "
                  + found.mergePolicy()
                  + " puts back what was invalidated, after the cluster was split",
              cure(name, "merge-policy: { class-name: com.hazelcast.spi.merge." + DISCARD + " }")));
    }
    if (found.readsBackups() || found.asyncBackups() > 0) {
      verdicts.add(
          Verdict.problem(
              "reads from backups ("
                  + found.readsBackups()
                  + ") and asynchronous backups ("
                  + found.asyncBackups()
                  + ") show what is not applied, or lose what is vouched for",
              cure(name, "read-backup-data: false, async-backup-count: 0")));
    }
    if (found.backups() == 0) {
      verdicts.add(
          Verdict.warning(
              "no backup: with each member that ends, a part of the store does",
              cure(name, "backup-count: 1")));
    }
    if (found.maxIdleSeconds() > 0
        || (!found.eviction().equals("NONE") && !found.eviction().equals("LFU"))) {
      verdicts.add(
          Verdict.warning(
              "eviction "
                  + found.eviction()
                  + ", idle time "
                  + found.maxIdleSeconds()
                  + " s: positions may be evicted, and each one lost voids a part of the store",
              cure(name, "eviction-policy: LFU, max-idle-seconds: 0")));
    }
    return verdicts.isEmpty()
        ? List.of(
            Verdict.ok(
                name
                    + ": "
                    + found.format()
                    + ", "
                    + found.backups()
                    + " backup, merges are discarded, eviction "
                    + found.eviction()))
        : verdicts;
  }

  static Verdict nearCache(String map) {
    return Verdict.ok(
        "none here; a client of the application with one of "
            + map
            + " cannot be seen from here, and is refused by Hearth's own client");
  }

  private static String cure(String map, String setting) {
    return "in the members' configuration, map " + map + ": " + setting;
  }
}
