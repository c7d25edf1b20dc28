package dev.hearth.cli.init;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What the owner of a database runs once, where Hearth's role may not. Pure. */
public final class OwnerSql {
  /** Words that are no names unless quoted (PostgreSQL 17, appendix C). */
  private static final Set<String> RESERVED =
      Set.of(
          "all",
          "analyse",
          "analyze",
          "and",
          "any",
          "array",
          "as",
          "asc",
          "asymmetric",
          "authorization",
          "binary",
          "both",
          "case",
          "cast",
          "check",
          "collate",
          "collation",
          "column",
          "concurrently",
          "constraint",
          "create",
          "cross",
          "current_catalog",
          "current_date",
          "current_role",
          "current_schema",
          "current_time",
          "current_timestamp",
          "current_user",
          "default",
          "deferrable",
          "desc",
          "distinct",
          "do",
          "else",
          "end",
          "except",
          "false",
          "fetch",
          "for",
          "foreign",
          "freeze",
          "from",
          "full",
          "grant",
          "group",
          "having",
          "ilike",
          "in",
          "initially",
          "inner",
          "intersect",
          "into",
          "is",
          "isnull",
          "join",
          "lateral",
          "leading",
          "left",
          "like",
          "limit",
          "localtime",
          "localtimestamp",
          "natural",
          "not",
          "notnull",
          "null",
          "offset",
          "on",
          "only",
          "or",
          "order",
          "outer",
          "overlaps",
          "placing",
          "primary",
          "references",
          "returning",
          "right",
          "select",
          "session_user",
          "similar",
          "some",
          "symmetric",
          "system_user",
          "table",
          "tablesample",
          "then",
          "to",
          "trailing",
          "true",
          "union",
          "unique",
          "user",
          "using",
          "variadic",
          "verbose",
          "when",
          "where",
          "window",
          "with");

  private OwnerSql() {}

  /**
   * The statements, with comments.
   *
   * @param tables to publish, {@code schema.table} each and not quoted; empty leaves a place to
   *     fill in
   */
  public static String script(String role, String slot, String publication, List<Table> tables) {
    String published =
        tables.isEmpty()
            ? "public.product, public.price   -- the tables that your rules name"
            : tables.stream()
                .map(table -> identifier(table.schema()) + "." + identifier(table.name()))
                .collect(Collectors.joining(", "));
    String schemas =
        tables.isEmpty()
            ? "public"
            : tables.stream()
                .map(table -> identifier(table.schema()))
                .distinct()
                .collect(Collectors.joining(", "));
    return """
        -- Run one statement after the other, not in one transaction.

        -- Once, and then a restart. On managed PostgreSQL it is a parameter instead:
        -- rds.logical_replication = 1 (Amazon), cloudsql.logical_decoding = on (Google),
        -- wal_level = logical (Azure).
        ALTER SYSTEM SET wal_level = 'logical';

        -- The role. On Amazon: GRANT rds_replication TO %1$s; on Google and Azure as below.
        CREATE ROLE %1$s LOGIN REPLICATION PASSWORD 'choose one';
        GRANT USAGE ON SCHEMA %5$s TO %1$s;
        GRANT SELECT ON %4$s TO %1$s;

        -- What is followed. Only an owner of the tables may do this.
        CREATE PUBLICATION %3$s FOR TABLE %4$s WITH (publish_via_partition_root = true);

        -- The position in the log. It keeps log from now on until Hearth reads it.
        SELECT pg_create_logical_replication_slot('%2$s', 'pgoutput');

        -- Where a rule's key is made of a column outside the primary key:
        -- ALTER TABLE ... REPLICA IDENTITY FULL;
        """
        .formatted(
            identifier(role), slot.replace("'", "''"), identifier(publication), published, schemas);
  }

  static String identifier(String name) {
    return name.matches("[a-z_][a-z0-9_]*") && !RESERVED.contains(name)
        ? name
        : '"' + name.replace("\"", "\"\"") + '"';
  }
}
