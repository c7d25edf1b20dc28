package dev.hearth.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The directory with the Kafka broker's own classpath, which the build of this module makes: the
 * system property {@code hearth.sandbox.broker}, or else {@code sandbox/target/broker} in the
 * working directory or one above it.
 */
final class BrokerDirectory {
  static final String PROPERTY = "hearth.sandbox.broker";

  private BrokerDirectory() {}

  static Optional<Path> find() {
    String property = System.getProperty(PROPERTY);
    if (property != null) {
      return Optional.of(Path.of(property).toAbsolutePath()).filter(Files::isDirectory);
    }
    for (Path directory = Path.of("").toAbsolutePath();
        directory != null;
        directory = directory.getParent()) {
      Path broker = directory.resolve("sandbox/target/broker");
      if (Files.isDirectory(broker)) {
        return Optional.of(broker);
      }
    }
    return Optional.empty();
  }

  static Path require() {
    return find()
        .orElseThrow(
            () ->
                new SandboxException(
                    "Kafka cannot start: found no directory with the broker's jars (%s); build it with ./mvnw -pl sandbox process-classes or name it with -D%s=DIRECTORY."
                        .formatted(
                            System.getProperty(PROPERTY) == null
                                ? "looked for sandbox/target/broker from "
                                    + Path.of("").toAbsolutePath()
                                    + " upwards"
                                : PROPERTY + "=" + System.getProperty(PROPERTY),
                            PROPERTY)));
  }
}
