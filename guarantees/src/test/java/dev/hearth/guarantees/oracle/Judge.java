package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Results.CacheKey;
import dev.hearth.guarantees.oracle.Results.Change;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Compares what a transaction changed with what it invalidated; pure but for what it counts. */
final class Judge {
  private final Map<String, String> kinds;
  private final Tally tally;

  /**
   * @param rules as they stand in the configuration, from {@code rules[0]} on
   */
  Judge(List<Drawn.WrittenRule> rules, Tally tally) {
    this.kinds = new HashMap<>();
    this.tally = tally;
    for (int rule = 0; rule < rules.size(); rule++) {
      List<String> ofKeys = rules.get(rule).kinds();
      for (int key = 0; key < ofKeys.size(); key++) {
        kinds.put("rules[" + rule + "].keys[" + key + "]", ofKeys.get(key));
      }
    }
  }

  /** A key that changed and was not taken out. */
  record Miss(CacheKey key, Change change, Committed transaction, Invalidated.Touched touched) {
    String describe() {
      return """
          MISSED: cache %s, key <%s>
          before: %s
          after:  %s
          transaction %d (id %d, commit record in (%X, %X]):
          %s
          what was seen of it: keys %s; generations %s
          """
          .formatted(
              key.cache(),
              key.key(),
              change.before(),
              change.after(),
              transaction.number(),
              transaction.id(),
              transaction.beforeCommit(),
              transaction.afterCommit(),
              transaction.statements().stream()
                  .map(sql -> "    " + sql + ";")
                  .collect(Collectors.joining("\n")),
              touched.keys().keySet(),
              touched.generations());
    }
  }

  List<Miss> judge(Committed transaction, Invalidated.Touched touched) {
    List<Miss> misses = new ArrayList<>();
    tally.transaction();
    Set<String> voided = new HashSet<>();
    for (GenerationRaised raised : touched.generations()) {
      if (isAbove(raised.position(), transaction)) {
        voided.add(raised.cache());
      }
    }
    transaction
        .changes()
        .forEach(
            (key, change) -> {
              boolean covered =
                  touched.byEpoch()
                      || voided.contains(key.cache())
                      || touched.keys().getOrDefault(key, List.of()).stream()
                          .anyMatch(each -> isAbove(each.position(), transaction));
              tally.keyChanged();
              if (!covered) {
                misses.add(new Miss(key, change, transaction, touched));
              }
            });
    count(transaction, touched);
    return misses;
  }

  /** Nothing below the commit record can be of a snapshot that has the transaction. */
  private static boolean isAbove(Position position, Committed transaction) {
    return position.lsn() > transaction.beforeCommit();
  }

  private void count(Committed transaction, Invalidated.Touched touched) {
    Set<CacheKey> changed = transaction.changes().keySet();
    touched
        .keys()
        .forEach(
            (key, invalidations) ->
                invalidations.stream()
                    .map(Invalidation::cause)
                    .map(cause -> kinds.getOrDefault(cause.rule(), cause.rule()))
                    .distinct()
                    .forEach(kind -> tally.key(kind, changed.contains(key))));
    Map<String, String> reasons = new HashMap<>();
    touched.generations().forEach(raised -> reasons.put(raised.cache(), raised.reason()));
    reasons.forEach(
        (cache, reason) ->
            tally.voided(
                reason,
                transaction.keys().getOrDefault(cache, 0),
                changed.stream().filter(key -> key.cache().equals(cache)).count()));
    if (touched.byEpoch()) {
      transaction
          .keys()
          .forEach(
              (cache, keys) ->
                  tally.voided(
                      "new epoch",
                      keys,
                      changed.stream().filter(key -> key.cache().equals(cache)).count()));
    }
  }
}
