package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that bring their servers with them, each a process of its own as for users. */
class OwnServersTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BOUND = Duration.ofMinutes(3);

  @TempDir private Path directory;
  private @Nullable Process process;

  @AfterEach
  void end() throws InterruptedException {
    if (process != null) {
      process.destroy();
      process.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void aDemoEndsWithItsSummaryAsTheOnlyLineAndTheCachesAreTrue() throws Exception {
    Process demo = start("demo", "--for", "5s", "--port", "0", "-o", "json");
    assertThat(demo.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
    String printed = printed();

    assertThat(demo.exitValue()).as("%s%n%s", printed, read("err")).isZero();
    assertThat(printed.lines()).as(printed).hasSize(1);
    JsonNode outcome = JSON.readTree(printed);
    assertThat(outcome.path("reads").asLong()).isPositive();
    assertThat(outcome.path("writes").asLong()).isPositive();
    assertThat(outcome.path("audited").asLong()).isPositive();
    assertThat(outcome.path("stale").asLong(-1)).isZero();
    assertThat(outcome.path("hitRatio").asDouble(-1)).isBetween(0.0, 1.0);
    assertThat(outcome.path("startupSeconds").asDouble()).isPositive();
    assertThat(outcome.path("warmedKeys").isNumber()).isTrue();
    for (String figure : List.of("p50", "p99", "max")) {
      assertThat(outcome.path("lagMillis").path(figure).isNumber()).as(figure).isTrue();
    }
  }

  @Test
  void aSandboxTellsWhereItsServersAreAndTakesThemAway() throws Exception {
    Process sandbox = start("sandbox", "-o", "json");
    eventually(() -> assertThat(printed()).endsWith("\n"));
    JsonNode addresses = JSON.readTree(printed());
    assertThat(addresses.path("postgres").asText()).startsWith("jdbc:postgresql://127.0.0.1:");
    assertThat(addresses.path("kafka").asText()).startsWith("127.0.0.1:");
    assertThat(addresses.path("hazelcast").asText()).startsWith("127.0.0.1:");
    assertThat(ping(addresses)).isEqualTo("PONG");

    sandbox.destroy();
    assertThat(sandbox.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();

    assertThat(printed().lines()).as("nothing but the addresses").hasSize(1);
    assertThatThrownBy(() -> ping(addresses)).isInstanceOf(RedisConnectionException.class);
    assertThat(Path.of(addresses.path("dataDirectory").asText())).doesNotExist();
  }

  private static String ping(JsonNode addresses) {
    RedisClient client = RedisClient.create(addresses.path("redis").asText());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      return connection.sync().ping();
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
  }

  /** As the script does it; what it leaves in the directory for temporary files goes with it. */
  private Process start(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                System.getProperty("java.class.path"),
                Hearth.class.getName()));
    command.addAll(List.of(arguments));
    Process started =
        new ProcessBuilder(command)
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile())
            .start();
    process = started;
    return started;
  }

  private String printed() {
    return read("out");
  }

  private String read(String file) {
    try {
      return Files.readString(directory.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
