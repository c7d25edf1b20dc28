package dev.hearth.cli;

import java.nio.file.Path;

/** Where a command's log goes; to be decided before the first logger is made. */
final class Logging {
  private Logging() {}

  /** To a file, for commands whose screen belongs to people. */
  static void toFile(Path file) {
    System.setProperty("hearth.log.file", file.toString());
    System.setProperty("logback.configurationFile", "logback-file.xml");
  }

  /** Nowhere, for short commands: their errors are their answer. */
  static void off() {
    System.setProperty("logback.configurationFile", "logback-quiet.xml");
  }
}
