package dev.hearth.cli;

import dev.hearth.chassis.config.ConfigLoader;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which configuration, and what of it is overridden. */
final class ConfigOptions {
  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      defaultValue = "${env:HEARTH_CONFIG:-hearth.yaml}",
      description = "Configuration file; default: ${DEFAULT-VALUE}.")
  private Path file = Path.of("hearth.yaml");

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Overrides one value, such as --set http.port=8081. May be repeated.")
  private Map<String, String> overrides = new LinkedHashMap<>();

  Path file() {
    return file;
  }

  ConfigLoader.Loaded load() {
    return ConfigLoader.load(file, System.getenv(), overrides);
  }
}
