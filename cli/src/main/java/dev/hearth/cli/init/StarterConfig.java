package dev.hearth.cli.init;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A configuration to begin with, as text with comments: a cache and a rule for each table, keys
 * from primary keys, parents from foreign keys. Pure.
 */
public final class StarterConfig {
  /** What a key template can name. */
  private static final Pattern NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");

  private StarterConfig() {}

  /**
   * The text.
   *
   * @param url of the database, without a password
   */
  public static String yaml(String url, String user, List<Table> tables) {
    Map<String, String> caches = cacheNames(tables);
    StringBuilder text = new StringBuilder();
    text.append(
        """
        # Written by `hearth init` from the schema of %s.
        # Take out what you do not cache, then: hearth validate --config hearth.yaml
        source:
          postgres:
            url: "%s"
            user: "%s"
            password: ${env:HEARTH_DB_PASSWORD}    # or ${file:/run/secrets/db}
            slot: hearth                           # `hearth init --sql` prints what the owner must run
        kafka: { bootstrapServers: "localhost:9092" }
        stores:
          redis: { type: redis, uri: "redis://localhost:6379" }
        """
            .formatted(withoutQuery(url), url, user));
    text.append("caches:\n");
    List<Table> left = new ArrayList<>();
    for (Table table : tables) {
      if (usable(table)) {
        text.append(cache(caches, table));
      } else {
        left.add(table);
      }
    }
    text.append("rules:\n");
    tables.stream()
        .filter(StarterConfig::usable)
        .forEach(table -> text.append(rule(caches, table)));
    tables.stream()
        .filter(StarterConfig::usable)
        .forEach(table -> text.append(joins(caches, tables, table)));
    for (Table table : left) {
      text.append("  # ")
          .append(table.qualified())
          .append(
              table.primaryKey().isEmpty()
                  ? " has no primary key: nothing says which key a row belongs to\n"
                  : " has a key column whose name a template cannot hold\n");
    }
    return text.toString();
  }

  private static boolean usable(Table table) {
    return !table.primaryKey().isEmpty()
        && table.primaryKey().stream().allMatch(column -> NAME.matcher(column).matches());
  }

  /** By qualified table: the table's name, with its schema where two tables share it. */
  private static Map<String, String> cacheNames(List<Table> tables) {
    Map<String, Long> uses =
        tables.stream().collect(Collectors.groupingBy(Table::name, Collectors.counting()));
    Map<String, String> names = new HashMap<>();
    for (Table table : tables) {
      String name =
          uses.getOrDefault(table.name(), 0L) > 1
              ? table.schema() + "-" + table.name()
              : table.name();
      names.put(table.qualified(), name.replace('_', '-').replaceAll("[^a-zA-Z0-9-]", "-"));
    }
    return names;
  }

  private static String cache(Map<String, String> caches, Table table) {
    String name = caches.getOrDefault(table.qualified(), table.name());
    StringBuilder text = new StringBuilder();
    text.append("  %s:\n".formatted(name));
    text.append("    stores: [ redis ]\n");
    text.append("    key: \"%s\"\n".formatted(key(name, table.primaryKey())));
    text.append("    ttl: 1h\n");
    if (table.primaryKey().size() == 1) {
      String column = table.primaryKey().get(0);
      String columns =
          Stream.concat(
                  Stream.of(column),
                  table.columns().stream().filter(other -> !other.equals(column)))
              .map(OwnerSql::identifier)
              .collect(Collectors.joining(", "));
      text.append(
              "    load: |    # how the warmer reads it: one row per key, the key column first\n")
          .append("      select %s\n".formatted(columns))
          .append(
              "        from %s where %s = any(:%s)\n"
                  .formatted(quoted(table), OwnerSql.identifier(column), column));
    }
    return text.toString();
  }

  private static String rule(Map<String, String> caches, Table table) {
    List<String> keys = new ArrayList<>();
    keys.add(key(caches.getOrDefault(table.qualified(), table.name()), table.primaryKey()));
    List<String> parents = new ArrayList<>();
    for (Table.Parent parent : table.parents()) {
      String cache = caches.get(parent.qualified());
      if (cache != null
          && parent.columns().stream().allMatch(column -> NAME.matcher(column).matches())) {
        String key = key(cache, parent.columns());
        if (!keys.contains(key)) {
          keys.add(key);
          parents.add(parent.qualified());
        }
      }
    }
    String comment =
        parents.isEmpty()
            ? ""
            : "    # and of " + String.join(", ", parents) + ", if its entry shows this row";
    return "  - table: \"%s\"%n    keys: [ %s ]%s%n"
        .formatted(
            table.qualified(),
            keys.stream().map(key -> '"' + key + '"').collect(Collectors.joining(", ")),
            comment);
  }

  /** As comments: whether an entry shows something of a parent, only its owner knows. */
  private static String joins(Map<String, String> caches, List<Table> tables, Table child) {
    StringBuilder text = new StringBuilder();
    for (Table.Parent to : child.parents()) {
      Optional<Table> parent =
          tables.stream().filter(table -> table.qualified().equals(to.qualified())).findFirst();
      if (to.columns().size() != 1
          || parent.isEmpty()
          || !Stream.concat(to.columns().stream(), parent.get().primaryKey().stream())
              .allMatch(column -> NAME.matcher(column).matches())) {
        continue;
      }
      String cache = caches.getOrDefault(child.qualified(), child.name());
      boolean alike = parent.get().name().equals(child.name());
      String name = alike || !NAME.matcher(child.name()).matches() ? "child" : child.name();
      text.append(
          """
            # If an entry of %s shows something of its %s:
            # - table: "%s"
            #   through: { table: "%s", on: "%s = %s"%s }
            #   keys: [ "%s" ]
          """
              .formatted(
                  cache,
                  parent.get().name(),
                  to.qualified(),
                  child.qualified(),
                  to.columns().get(0),
                  parent.get().primaryKey().get(0),
                  name.equals(child.name()) ? "" : ", as: " + name,
                  key(cache, child.primaryKey().stream().map(own -> name + "." + own).toList())));
    }
    return text.toString();
  }

  private static String key(String cache, List<String> columns) {
    return cache
        + columns.stream().map(column -> ":{" + column + "}").collect(Collectors.joining());
  }

  private static String quoted(Table table) {
    return OwnerSql.identifier(table.schema()) + "." + OwnerSql.identifier(table.name());
  }

  private static String withoutQuery(String url) {
    int query = url.indexOf('?');
    return query < 0 ? url : url.substring(0, query);
  }
}
