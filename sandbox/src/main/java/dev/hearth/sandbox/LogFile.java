package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A log to which each start of a server appends.
 *
 * @param path the file
 * @param offsetBytes where this start's lines begin
 */
record LogFile(Path path, long offsetBytes) {

  static LogFile appendingTo(Path path) {
    try {
      return new LogFile(path, Files.exists(path) ? Files.size(path) : 0);
    } catch (IOException e) {
      return new LogFile(path, 0);
    }
  }

  ProcessBuilder.Redirect redirect() {
    return ProcessBuilder.Redirect.appendTo(path.toFile());
  }

  /** This start's last fatal line, or else its last line. */
  String lastLine() {
    List<String> lines = lines();
    return lines.stream()
        .filter(line -> line.contains("FATAL"))
        .reduce((first, second) -> second)
        .orElseGet(() -> lines.isEmpty() ? "(none)" : lines.get(lines.size() - 1));
  }

  boolean contains(String text) {
    return lines().stream().anyMatch(line -> line.contains(text));
  }

  private List<String> lines() {
    try {
      byte[] all = Files.readAllBytes(path);
      int offset = (int) Math.min(offsetBytes, all.length);
      return new String(all, offset, all.length - offset, StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank())
          .toList();
    } catch (IOException e) {
      return List.of("(unreadable: " + e + ")");
    }
  }
}
