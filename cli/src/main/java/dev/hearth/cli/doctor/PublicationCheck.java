package dev.hearth.cli.doctor;

import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;
import java.util.TreeSet;

/** Whether the publication has what the rules need, or can be made to. */
final class PublicationCheck {
  private static final String ALL_OPERATIONS =
      "publish = 'insert, update, delete, truncate', publish_via_partition_root = true";

  private PublicationCheck() {}

  static Check<Connection> of(SourceSettings settings) {
    return Check.of("publication", db -> read(db, settings), found -> judge(found, settings));
  }

  /**
   * A publication as it is.
   *
   * @param complete every operation, partitions under the name of their root
   * @param partial tables of which rows or columns are left out
   * @param owned whether the role may change it
   * @param notOwned tables of the rules that the role may not add
   * @param mayCreate whether it may create one in this database
   */
  record Publication(
      boolean exists,
      boolean complete,
      Set<String> tables,
      Set<String> partial,
      boolean owned,
      Set<String> notOwned,
      boolean mayCreate) {}

  private static Publication read(Connection db, SourceSettings settings) throws SQLException {
    boolean exists;
    boolean complete = false;
    boolean owned = false;
    try (PreparedStatement query =
        db.prepareStatement(
            "select pubinsert and pubupdate and pubdelete and pubtruncate and pubviaroot,"
                + " pg_has_role(pubowner, 'USAGE') from pg_publication where pubname = ?")) {
      query.setString(1, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        exists = row.next();
        if (exists) {
          complete = row.getBoolean(1);
          owned = row.getBoolean(2);
        }
      }
    }
    return new Publication(
        exists,
        complete,
        Sql.names(
            db,
            "select schemaname || '.' || tablename from pg_publication_tables where pubname = ?",
            settings.publication()),
        db.getMetaData().getDatabaseMajorVersion() < 15
            ? Set.of()
            : Sql.names(
                db,
                "select n.nspname || '.' || c.relname from pg_publication_rel r"
                    + " join pg_publication p on p.oid = r.prpubid"
                    + " join pg_class c on c.oid = r.prrelid"
                    + " join pg_namespace n on n.oid = c.relnamespace"
                    + " where p.pubname = ? and (r.prqual is not null or r.prattrs is not null)",
                settings.publication()),
        owned,
        Sql.names(
            db,
            "select n.nspname || '.' || c.relname from pg_class c"
                + " join pg_namespace n on n.oid = c.relnamespace"
                + " where n.nspname || '.' || c.relname = any(?)"
                + " and not pg_has_role(c.relowner, 'USAGE')",
            settings.tables()),
        Sql.one(db, "select has_database_privilege(current_database(), 'CREATE')").equals("t"));
  }

  static Verdict judge(Publication found, SourceSettings settings) {
    String name = Sql.identifier(settings.publication());
    if (!found.exists()) {
      String create =
          "CREATE PUBLICATION "
              + name
              + " FOR TABLE "
              + Sql.list(settings.tables())
              + " WITH ("
              + ALL_OPERATIONS
              + ")";
      return found.mayCreate() && found.notOwned().isEmpty()
          ? Verdict.ok(settings.publication() + " is not there yet, and created at the start")
          : Verdict.problem(
              settings.publication()
                  + " is not there, and role "
                  + settings.user()
                  + " may not create it: it needs CREATE on the database and the ownership of the"
                  + " tables",
              "as their owner, " + create);
    }
    if (!found.complete()) {
      return Verdict.problem(
          settings.publication()
              + " leaves out operations, or publishes partitions under their own names",
          "ALTER PUBLICATION " + name + " SET (" + ALL_OPERATIONS + ")");
    }
    Set<String> partial = new TreeSet<>(found.partial());
    partial.retainAll(settings.tables());
    if (!partial.isEmpty()) {
      return Verdict.problem(
          settings.publication() + " leaves out rows or columns of " + String.join(", ", partial),
          "ALTER PUBLICATION "
              + name
              + " DROP TABLE "
              + Sql.list(partial)
              + "; ALTER PUBLICATION "
              + name
              + " ADD TABLE "
              + Sql.list(partial));
    }
    Set<String> missing = new TreeSet<>(settings.tables());
    missing.removeAll(found.tables());
    if (missing.isEmpty()) {
      return Verdict.ok(settings.publication() + " has every table of the rules");
    }
    Set<String> notOwned = new TreeSet<>(missing);
    notOwned.retainAll(found.notOwned());
    return found.owned() && notOwned.isEmpty()
        ? Verdict.ok(
            settings.publication()
                + " does not have "
                + String.join(", ", missing)
                + " yet; added at the start")
        : Verdict.problem(
            settings.publication()
                + " does not have "
                + String.join(", ", missing)
                + ", and role "
                + settings.user()
                + " may not add them",
            "as their owner, ALTER PUBLICATION " + name + " ADD TABLE " + Sql.list(missing));
  }
}
