package dev.hearth.cli;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Only the servers. */
@Command(
    name = "sandbox",
    description = "Starts real PostgreSQL, Kafka, Redis and Hazelcast, until it is stopped.",
    mixinStandardHelpOptions = true)
final class SandboxCommand implements Callable<Integer> {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(60);
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--postgres-port", paramLabel = "PORT", description = "default: 0, a free one.")
  private int postgresPort;

  @Option(names = "--kafka-port", paramLabel = "PORT", description = "default: 0, a free one.")
  private int kafkaPort;

  @Option(names = "--redis-port", paramLabel = "PORT", description = "default: 0, a free one.")
  private int redisPort;

  @Option(names = "--hazelcast-port", paramLabel = "PORT", description = "default: 0, a free one.")
  private int hazelcastPort;

  @Option(
      names = "--data-directory",
      paramLabel = "DIRECTORY",
      description =
          "Keeps the servers' data; by default they have a directory that goes with them.")
  private @Nullable Path dataDirectory;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException {
    Logging.off();
    PrintWriter out = spec.commandLine().getOut();
    Sandbox.Builder builder =
        Sandbox.builder()
            .port(Server.POSTGRES, postgresPort)
            .port(Server.KAFKA, kafkaPort)
            .port(Server.REDIS, redisPort)
            .port(Server.HAZELCAST, hazelcastPort);
    if (dataDirectory != null) {
      builder.dataDirectory(dataDirectory);
    }
    if (!output.isJson()) {
      builder.progress(
          line -> {
            out.println(line);
            out.flush();
          });
    }
    try (StopSignal signal = StopSignal.listen(CLOSE_BOUND);
        Sandbox sandbox = builder.start()) {
      Map<String, String> addresses = new LinkedHashMap<>();
      addresses.put(
          "postgres",
          sandbox.postgres().jdbcUrl("postgres") + "?user=" + sandbox.postgres().user());
      addresses.put("kafka", sandbox.kafka().bootstrapServers());
      addresses.put("redis", sandbox.redis().uri());
      addresses.put("hazelcast", sandbox.hazelcast().address());
      addresses.put("hazelcastCluster", sandbox.hazelcast().clusterName());
      addresses.put("dataDirectory", sandbox.dataDirectory().toString());
      if (output.isJson()) {
        out.print(output.text(addresses, String::new));
      } else {
        out.println();
        addresses.forEach((name, address) -> out.printf("  %-17s %s%n", name, address));
        out.printf("%nCtrl-C stops them.%n");
      }
      out.flush();
      signal.latch().await();
    }
    return 0;
  }
}
