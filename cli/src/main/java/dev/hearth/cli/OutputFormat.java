package dev.hearth.cli;

import java.util.Locale;

/** How a command prints what it found. */
enum OutputFormat {
  TABLE,
  JSON,
  YAML;

  /** As a user writes it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
