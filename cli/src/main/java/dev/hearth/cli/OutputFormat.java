package dev.hearth.cli;

/** How a command prints what it found. */
enum OutputFormat {
  TABLE,
  JSON,
  YAML
}
