package dev.hearth.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** This machine, as far as the services need it. */
public final class Machine {
  private static final long LITTLE_BYTES = 1L << 30;
  private static final long TOO_LITTLE_BYTES = 100L << 20;

  private Machine() {}

  /**
   * Of configuration and data directory.
   *
   * @param mistakes that can be seen without any server, one sentence each
   */
  public static Examination<?> examination(List<String> mistakes, Path dataDirectory) {
    return new Examination<>(
        "here",
        () -> (AutoCloseable) () -> {},
        List.of(
            Check.<AutoCloseable, List<String>>several(
                "configuration", machine -> mistakes, Machine::configuration),
            Check.<AutoCloseable, Directory>of(
                "data directory", machine -> directory(dataDirectory), Machine::directory)));
  }

  static List<Verdict> configuration(List<String> mistakes) {
    return mistakes.isEmpty()
        ? List.of(Verdict.ok("has no mistake that can be seen without a server"))
        : mistakes.stream().map(Verdict::problem).toList();
  }

  /**
   * Where state is kept.
   *
   * @param writable it, or the first directory above it that is there
   */
  record Directory(Path path, Path existing, boolean writable, long freeBytes) {}

  private static Directory directory(Path path) throws IOException {
    Path existing = path.toAbsolutePath();
    while (!Files.exists(existing)) {
      Path above = existing.getParent();
      if (above == null) {
        break;
      }
      existing = above;
    }
    return new Directory(
        path,
        existing,
        Files.isDirectory(existing) && Files.isWritable(existing),
        Files.getFileStore(existing).getUsableSpace());
  }

  static Verdict directory(Directory found) {
    if (!found.writable()) {
      return Verdict.problem(
          found.path() + " cannot be written (" + found.existing() + ")",
          "chown it, or name another one in dataDirectory");
    }
    String free = Texts.bytes(found.freeBytes()) + " free";
    if (found.freeBytes() < TOO_LITTLE_BYTES) {
      return Verdict.problem(
          found.path() + " has only " + free, "make room, or name another one in dataDirectory");
    }
    return found.freeBytes() < LITTLE_BYTES
        ? Verdict.warning(found.path() + " has only " + free, "make room")
        : Verdict.ok(found.path() + ", " + free);
  }
}
