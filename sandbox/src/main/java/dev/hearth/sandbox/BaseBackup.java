package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/**
 * A copy of a running PostgreSQL's files from which a standby can start: what pg_basebackup does,
 * which the binaries lack, between pg_backup_start and pg_backup_stop.
 */
final class BaseBackup {
  /** Belongs to the running server, not to its data; pg_basebackup leaves out the same. */
  private static final Set<String> LEFT_OUT =
      Set.of("postmaster.pid", "postmaster.opts", "postgresql.auto.conf", "pg_internal.init");

  private static final Set<String> LEFT_EMPTY =
      Set.of(
          "pg_wal",
          "pg_replslot",
          "pg_dynshmem",
          "pg_notify",
          "pg_serial",
          "pg_snapshots",
          "pg_stat_tmp",
          "pg_subtrans");

  private BaseBackup() {}

  /**
   * Copies.
   *
   * @param connection to the server; pg_backup_stop must come from the session of pg_backup_start
   * @param target does not exist yet
   */
  static void copy(Connection connection, Path source, Path target)
      throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select pg_backup_start('standby', fast => true)");
      copyFiles(source, target);
      try (ResultSet end =
          statement.executeQuery(
              "select labelfile from pg_backup_stop(wait_for_archive => false)")) {
        end.next();
        Files.writeString(target.resolve("backup_label"), end.getString(1));
      }
    }
  }

  private static void copyFiles(Path source, Path target) throws IOException {
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            copy(directory);
            if (LEFT_EMPTY.contains(source.relativize(directory).toString())) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!LEFT_OUT.contains(file.getFileName().toString())) {
              copy(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          /** What goes away meanwhile (a dropped table), the log takes away from the copy too. */
          private void copy(Path each) throws IOException {
            try {
              Files.copy(
                  each,
                  target.resolve(source.relativize(each)),
                  StandardCopyOption.COPY_ATTRIBUTES);
            } catch (NoSuchFileException e) {
              if (Files.exists(each)) {
                throw e;
              }
            }
          }
        });
  }
}
