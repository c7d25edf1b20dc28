package dev.hearth.ingest;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/**
 * An ingest in a process of its own, so that its heap can be bounded. Ends when its input does, and
 * prints the most heap that it ever used, in megabytes.
 */
final class IngestProcess {
  private static final int MEGABYTE = 1 << 20;

  private IngestProcess() {}

  /**
   * Starts one.
   *
   * @param config text of a configuration
   * @param heap most of it, as Java takes it
   * @param directory for its files; its output is in {@code out}
   */
  static Process start(String config, String heap, Path directory) throws IOException {
    Path file = directory.resolve("hearth.yaml");
    Files.writeString(file, config);
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + heap,
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            IngestProcess.class.getName(),
            file.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectOutput(directory.resolve("out").toFile())
        .start();
  }

  public static void main(String[] arguments) throws Exception {
    HearthConfig config =
        ConfigLoader.parse(
                "test",
                Files.readString(Path.of(arguments[0]), StandardCharsets.UTF_8),
                Map.of(),
                Map.of())
            .config();
    Ingest ingest =
        new Ingest(
            config,
            new Topics(config.kafka().topicPrefix()),
            KafkaTopics.clientProperties(config.kafka().bootstrapServers(), Map.of()),
            new Metrics("test"),
            new Health(),
            Clock.systemUTC());
    ingest.start();
    while (System.in.read() >= 0) {
      // Until the parent closes it, or is gone.
    }
    ingest.close();
    long used =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .mapToLong(pool -> pool.getPeakUsage().getUsed())
            .sum();
    System.out.println("heap peak " + used / MEGABYTE + " MB");
  }
}
