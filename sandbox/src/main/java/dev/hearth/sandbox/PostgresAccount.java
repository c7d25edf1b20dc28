package dev.hearth.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Under which account PostgreSQL runs: it refuses root. An ordinary user runs it as it is. Root
 * runs it in a user namespace, where the same account appears as nobody; and where a container
 * forbids namespaces, as the account 65534, to whom its directory is then given.
 */
enum PostgresAccount {
  OWN(""),
  NAMESPACE("unshare --user"),
  NOBODY("setpriv --reuid=65534 --regid=65534 --clear-groups");

  private static final int NOBODY_ID = 65_534;

  private final String prefix;

  PostgresAccount(String prefix) {
    this.prefix = prefix;
  }

  static PostgresAccount choose(Path directory) throws IOException {
    if (!isRoot(directory)) {
      return OWN;
    }
    for (PostgresAccount account : List.of(NAMESPACE, NOBODY)) {
      if (account.works()) {
        return account;
      }
    }
    throw new SandboxException(
        "PostgreSQL cannot start: it refuses to run as root, and neither \"unshare --user\" nor \"setpriv\" works here; run as an ordinary user or install util-linux.");
  }

  List<String> command(List<String> command) {
    List<String> whole = new ArrayList<>();
    if (!prefix.isEmpty()) {
      whole.addAll(List.of(prefix.split(" ")));
    }
    whole.addAll(command);
    return whole;
  }

  /** Makes the files usable by the account, and the data directory above them passable. */
  void own(Path tree) throws IOException {
    if (this == NOBODY) {
      Path above = tree.resolveSibling(".");
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(above);
      if (permissions.add(PosixFilePermission.OTHERS_EXECUTE)) {
        Files.setPosixFilePermissions(above, permissions);
      }
      try (Stream<Path> files = Files.walk(tree)) {
        files.forEach(
            file -> {
              try {
                Files.setAttribute(file, "unix:uid", NOBODY_ID);
                Files.setAttribute(file, "unix:gid", NOBODY_ID);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
      }
    }
  }

  private boolean works() {
    try {
      Process process =
          new ProcessBuilder(command(List.of("true")))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Whose file it is when we create one tells who we are; the environment may say otherwise. */
  private static boolean isRoot(Path directory) throws IOException {
    Path probe = Files.createTempFile(directory, "account", ".probe");
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(probe, "unix:uid"));
    } finally {
      Files.delete(probe);
    }
  }
}
