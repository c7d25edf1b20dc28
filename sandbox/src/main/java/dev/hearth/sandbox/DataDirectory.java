package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one directory in which a sandbox keeps everything. It belongs to one process at a time: the
 * file {@code owner} says to which, the file {@code processes} what that process has started.
 */
final class DataDirectory {
  private static final Logger log = LoggerFactory.getLogger(DataDirectory.class);
  private static final String TEMPORARY_PREFIX = "hearth-sandbox-";

  private final Path path;
  private final boolean temporary;
  private final ChildProcesses processes;

  private DataDirectory(Path path, boolean temporary) {
    this.path = path;
    this.temporary = temporary;
    this.processes = new ChildProcesses(path);
  }

  /**
   * Takes the directory for this process and ends what an earlier owner left running in it.
   *
   * @param given where, or null for a fresh directory that {@link #release} deletes
   */
  static DataDirectory claim(@Nullable Path given) {
    try {
      DataDirectory directory;
      if (given == null) {
        Path fresh = Files.createTempDirectory(TEMPORARY_PREFIX);
        sweepAbandoned(fresh);
        directory = new DataDirectory(fresh.toRealPath(), true);
      } else {
        directory = new DataDirectory(Files.createDirectories(given).toRealPath(), false);
      }
      directory.takeOwnership();
      directory.processes.endLeftovers();
      return directory;
    } catch (IOException e) {
      throw new SandboxException(
          "The data directory %s cannot be used (%s); choose a directory that this user may write."
              .formatted(given == null ? System.getProperty("java.io.tmpdir") : given, e),
          e);
    }
  }

  Path path() {
    return path;
  }

  /** Whether {@link #release} deletes the directory. */
  boolean temporary() {
    return temporary;
  }

  ChildProcesses processes() {
    return processes;
  }

  /** The subdirectory of this name, created when missing. */
  Path subdirectory(String name) {
    try {
      return Files.createDirectories(path.resolve(name));
    } catch (IOException e) {
      throw new SandboxException(
          "The directory %s cannot be created (%s); choose a data directory that this user may write."
              .formatted(path.resolve(name), e),
          e);
    }
  }

  /** Gives the directory up; every process must have ended. */
  void release() {
    try {
      if (temporary) {
        delete(path);
      } else {
        Files.deleteIfExists(path.resolve("owner"));
      }
    } catch (IOException e) {
      log.warn("Data directory not tidied up: directory={} error={}", path, e.toString());
    }
  }

  static void delete(Path tree) throws IOException {
    if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** A hard link appears with its content or not at all, so two starts cannot both win. */
  private void takeOwnership() throws IOException {
    Path owner = path.resolve("owner");
    Path mine = Files.createTempFile(path, "owner", ".new");
    try {
      Files.writeString(mine, ProcessIdentity.of(ProcessHandle.current()).toString());
      while (true) {
        try {
          Files.createLink(owner, mine);
          return;
        } catch (FileAlreadyExistsException e) {
          refuseWhenAlive(owner);
          Files.deleteIfExists(owner);
        }
      }
    } finally {
      Files.deleteIfExists(mine);
    }
  }

  private void refuseWhenAlive(Path owner) throws IOException {
    var running = ProcessIdentity.parse(read(owner)).flatMap(ProcessIdentity::running);
    if (running.isPresent()) {
      throw new SandboxException(
          "The data directory %s is in use by process %d; end that process or choose another data directory."
              .formatted(path, running.get().pid()));
    }
  }

  /** Temporary directories whose owner was killed: no later start would come by there otherwise. */
  private static void sweepAbandoned(Path fresh) throws IOException {
    var me = Files.getOwner(fresh);
    Path parent = fresh.toAbsolutePath().getParent();
    if (parent == null) {
      return;
    }
    try (DirectoryStream<Path> siblings =
        Files.newDirectoryStream(parent, TEMPORARY_PREFIX + "*")) {
      for (Path sibling : siblings) {
        try {
          Path owner = sibling.resolve("owner");
          if (Files.isDirectory(sibling, LinkOption.NOFOLLOW_LINKS)
              && Files.getOwner(sibling).equals(me)
              && Files.exists(owner)
              && ProcessIdentity.parse(read(owner)).flatMap(ProcessIdentity::running).isEmpty()) {
            new ChildProcesses(sibling.toRealPath()).endLeftovers();
            delete(sibling);
          }
        } catch (IOException | SandboxException e) {
          log.debug(
              "Abandoned directory not removed: directory={} error={}", sibling, e.toString());
        }
      }
    }
  }

  private static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
