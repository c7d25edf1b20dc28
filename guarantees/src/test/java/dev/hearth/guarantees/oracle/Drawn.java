package dev.hearth.guarantees.oracle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A random schema with random caches over it, and the configuration that follows from them. */
record Drawn(Schema schema, List<CachedQuery> queries) {
  static Drawn random(String namespace, Dice dice) {
    Schema schema = Schema.random(namespace, dice);
    return new Drawn(schema, Queries.random(schema, dice.between(4, 6), dice));
  }

  /** One line of the configuration's rules, and the kinds of what its keys stand for. */
  record WrittenRule(String yaml, List<String> kinds) {}

  /** Rules that differ in their keys only are sometimes one rule with several keys. */
  static List<WrittenRule> rules(List<Drawn> all, Dice dice) {
    Map<String, List<DerivedRule>> written = new LinkedHashMap<>();
    int number = 0;
    for (Drawn drawn : all) {
      for (CachedQuery query : drawn.queries()) {
        for (DerivedRule rule : new LinkedHashSet<>(query.rules())) {
          String place = dice.percent(60) ? "" : "#" + number++;
          List<DerivedRule> line =
              written.computeIfAbsent(rule.head() + place, head -> new ArrayList<>());
          if (line.stream().noneMatch(other -> other.key().equals(rule.key()))) {
            line.add(rule);
          }
        }
      }
    }
    return written.values().stream()
        .map(
            line ->
                new WrittenRule(
                    "{ "
                        + line.get(0).head()
                        + ", keys: [ "
                        + line.stream()
                            .map(rule -> "\"" + rule.key() + "\"")
                            .collect(Collectors.joining(", "))
                        + " ] }",
                    line.stream().map(DerivedRule::kind).toList()))
        .toList();
  }

  /** All caches' full results by one statement, and so by one snapshot. */
  String resultsSql() {
    return queries.stream()
        .map(
            query ->
                "select '"
                    + query.cache()
                    + "', key, string_agg(shown, E'\\n' order by shown collate \"C\") from ("
                    + query.sql()
                    + ") q where key is not null group by key")
        .collect(Collectors.joining("\nunion all\n"));
  }

  /** For people. */
  String describe() {
    return schema.ddl()
        + queries.stream()
            .map(query -> "-- cache " + query.cache() + "\n" + query.sql() + ";\n")
            .collect(Collectors.joining());
  }
}
