package dev.hearth.ingest;

import dev.hearth.chassis.condition.Condition;
import dev.hearth.chassis.condition.ConditionException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.schemas.key.KeyFormat;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the rules say against what the tables are: which keys, filters, conditions and joins cannot
 * be worked out, and which will work otherwise than one may think; pure.
 *
 * @param problems of which each has to be mended
 * @param warnings about what works
 */
record RuleCheck(List<Problem> problems, List<Problem> warnings) {
  /** Types whose text is the same wherever it comes from. */
  private static final Set<String> TEXTS =
      Set.of(
          "int2",
          "int4",
          "int8",
          "oid",
          "numeric",
          "float4",
          "float8",
          "bool",
          "text",
          "varchar",
          "bpchar",
          "citext",
          "uuid",
          "enum",
          "bytea",
          "date",
          "time",
          "timestamp",
          "timestamptz",
          "json",
          "jsonb",
          "xml",
          "inet",
          "cidr",
          "macaddr");

  /**
   * Checks all rules.
   *
   * @param user who reads rows
   * @param tables those that exist, by name
   */
  static RuleCheck of(
      List<HearthConfig.Rule> rules,
      RuleReferences references,
      String user,
      Map<String, LiveTable> tables) {
    Set<Problem> problems = new LinkedHashSet<>();
    Set<Problem> warnings = new LinkedHashSet<>();
    Set<String> seen = new LinkedHashSet<>();
    for (TableCatalog.TableReference named : references.tables()) {
      LiveTable table = tables.get(named.table());
      if (table != null && seen.add(named.table())) {
        table(named, table, user, references, problems, warnings);
      }
    }
    for (TableCatalog.Reference reference : references.columns()) {
      LiveTable table = tables.get(reference.table());
      Optional<LiveTable.Column> column =
          Optional.ofNullable(table).flatMap(live -> live.column(reference.column()));
      column.ifPresent(live -> column(reference, live, problems, warnings));
    }
    for (int i = 0; i < rules.size(); i++) {
      rule("rules[" + i + "]", rules.get(i), tables, problems);
    }
    return new RuleCheck(List.copyOf(problems), List.copyOf(warnings));
  }

  private static void table(
      TableCatalog.TableReference named,
      LiveTable table,
      String user,
      RuleReferences references,
      Set<Problem> problems,
      Set<Problem> warnings) {
    table
        .root()
        .ifPresent(
            root ->
                problems.add(
                    new Problem(
                        named.path(),
                        table.name()
                            + " is a partition of "
                            + root
                            + ", under whose name its changes arrive; name "
                            + root)));
    if (!table.children().isEmpty()) {
      warnings.add(
          new Problem(
              named.path(),
              "rows of "
                  + String.join(", ", table.children())
                  + ", which inherits from "
                  + table.name()
                  + ", are no rows of it in the log; write rules for them too"));
    }
    if (table.rowSecurity()) {
      problems.add(
          new Problem(
              named.path(),
              "row level security hides rows of "
                  + table.name()
                  + " from role \""
                  + user
                  + "\", and what is hidden when rows are read would be missed; as a superuser run"
                  + " ALTER ROLE "
                  + user
                  + " BYPASSRLS"));
    }
    Set<String> unreadable = new TreeSet<>();
    references.columns().stream()
        .filter(reference -> reference.table().equals(table.name()))
        .filter(
            reference ->
                table.column(reference.column()).filter(each -> !each.readable()).isPresent())
        .forEach(reference -> unreadable.add(reference.column()));
    if (!unreadable.isEmpty()) {
      warnings.add(
          new Problem(
              named.path(),
              "role \""
                  + user
                  + "\" may not select "
                  + String.join(", ", unreadable)
                  + " of "
                  + table.name()
                  + ": rows from before Hearth's first start stay unknown, and a change that needs"
                  + " their old values voids whole caches; the owner may run GRANT SELECT ON "
                  + table.name()
                  + " TO "
                  + user));
    }
  }

  private static void column(
      TableCatalog.Reference reference,
      LiveTable.Column column,
      Set<Problem> problems,
      Set<Problem> warnings) {
    String name = reference.table() + "." + reference.column();
    if (column.generated()) {
      problems.add(
          new Problem(
              reference.path(),
              "\""
                  + reference.text()
                  + "\" reads "
                  + name
                  + ", which is generated, and the log does not carry generated columns; read the"
                  + " columns that it is made of"));
    }
    if (isKey(reference)) {
      formats(reference, column, problems);
    }
    if (column.nullable() && isKey(reference)) {
      warnings.add(
          new Problem(
              reference.path(),
              name + " can be NULL, and NULL names no key: such a row touches none here"));
    }
  }

  private static void formats(
      TableCatalog.Reference reference, LiveTable.Column column, Set<Problem> problems) {
    for (KeyTemplate.Slot slot : KeyTemplate.parse(reference.text()).slots()) {
      String own = slot.column().substring(slot.column().indexOf('.') + 1);
      if (own.equals(reference.column())
          && !slot.format().equals(KeyFormat.PLAIN)
          && !takes(slot.format().takes()).contains(column.catalogName())) {
        problems.add(
            new Problem(
                reference.path(),
                "\""
                    + reference.text()
                    + "\" has "
                    + slot
                    + ", which takes "
                    + words(slot.format().takes())
                    + ", and "
                    + reference.table()
                    + "."
                    + reference.column()
                    + " is "
                    + column.type().name()
                    + "; take the format out or choose another"));
      }
    }
  }

  private static Set<String> takes(KeyFormat.Takes takes) {
    return switch (takes) {
      case ANY -> TEXTS;
      case TEXT -> Set.of("text", "varchar", "bpchar", "citext", "enum", "uuid");
      case INTEGER -> Set.of("int2", "int4", "int8", "oid");
      case NUMBER -> Set.of("int2", "int4", "int8", "oid", "numeric", "float4", "float8");
      case UUID -> Set.of("uuid");
      case DATE -> Set.of("date", "timestamp", "timestamptz");
    };
  }

  private static String words(KeyFormat.Takes takes) {
    return switch (takes) {
      case ANY -> "what has a text";
      case TEXT -> "text";
      case INTEGER -> "a whole number";
      case NUMBER -> "a number";
      case UUID -> "a uuid";
      case DATE -> "a date or a timestamp";
    };
  }

  private static boolean isKey(TableCatalog.Reference reference) {
    return reference.path().contains(".keys[");
  }

  private static void rule(
      String path, HearthConfig.Rule rule, Map<String, LiveTable> tables, Set<Problem> problems) {
    LiveTable table = tables.get(rule.table());
    String when = rule.when();
    if (when != null && table != null) {
      try {
        Condition.parse(when)
            .problems(table.name(), table::type)
            .forEach(problem -> problems.add(new Problem(path + ".when", problem)));
      } catch (ConditionException e) {
        // It is named where references are read.
        return;
      }
    }
    String parent = rule.table();
    String at = path + ".through";
    HearthConfig.Through step = rule.through();
    while (step != null) {
      join(at + ".on", step, tables.get(step.table()), tables.get(parent)).ifPresent(problems::add);
      parent = step.table();
      at = at + ".through";
      step = step.through();
    }
  }

  /** What a value is looked up by has to have one text on both sides. */
  private static Optional<Problem> join(
      String path,
      HearthConfig.Through step,
      @Nullable LiveTable child,
      @Nullable LiveTable parent) {
    String[] sides = step.on().split("=", 2);
    Optional<LiveTable.Column> one =
        Optional.ofNullable(child).flatMap(table -> table.column(sides[0].strip()));
    Optional<LiveTable.Column> other =
        Optional.ofNullable(parent).flatMap(table -> table.column(sides[1].strip()));
    if (one.isEmpty()
        || other.isEmpty()
        || (family(one.get()).equals(family(other.get())) && hasOneText(one.get()))) {
      return Optional.empty();
    }
    return Optional.of(
        new Problem(
            path,
            "\""
                + step.on()
                + "\" joins "
                + step.table()
                + "."
                + sides[0].strip()
                + ", which is "
                + one.get().type().name()
                + ", with "
                + Objects.requireNonNull(parent).name()
                + "."
                + sides[1].strip()
                + ", which is "
                + other.get().type().name()
                + ": equal values are written differently; join columns of one type"));
  }

  /** Types whose equal values have equal texts. */
  private static String family(LiveTable.Column column) {
    return switch (column.catalogName()) {
      case "int2", "int4", "int8", "oid" -> "integer";
      case "text", "varchar" -> "text";
      case "enum" -> column.type().name();
      case "numeric", "bpchar" -> column.type().name();
      default -> column.catalogName();
    };
  }

  /** 10 and 10.0 are equal, and so are a and A: their texts are not. */
  private static boolean hasOneText(LiveTable.Column column) {
    return !column.type().name().equals("numeric") && !column.catalogName().equals("citext");
  }

  /** Those of the problems whose places have none yet. */
  List<Problem> problemsBeside(List<Problem> others) {
    List<Problem> rest = new ArrayList<>(problems);
    rest.removeIf(
        problem -> others.stream().anyMatch(other -> other.path().equals(problem.path())));
    return rest;
  }
}
