package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Containers set JVM options in the environment; they are meant for the JVM that was started. */
final class InheritedOptionsTest {

  @Test
  void aServerIsNotToldTheJvmOptionsOfItsOwnersEnvironment(@TempDir Path directory)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            "sh",
            "-c",
            "echo \"[$JAVA_TOOL_OPTIONS][$JDK_JAVA_OPTIONS][$_JAVA_OPTIONS] $HEARTH_OTHER\"");
    for (String name : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")) {
      builder.environment().put(name, "-Xss1m");
    }
    builder.environment().put("HEARTH_OTHER", "stays");

    Process process = new ChildProcesses(directory).launch(builder);
    String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(told.strip()).isEqualTo("[][][] stays");
  }

  @Test
  void findsTheReadyLineAfterWhatAJvmSaysForItself() {
    assertThat(seen("[0.002s][warning][os,container] no such controller\nready\nmore\n")).isTrue();
    assertThat(seen("ready\n")).isTrue();
  }

  @Test
  void doesNotTakeAnotherLineForTheReadyLine() {
    assertThat(seen("")).isFalse();
    assertThat(seen("not ready\nready when you are\n")).isFalse();
  }

  @Test
  void kafkaStartsUnderAJvmThatWritesARecordingForItsEnvironment(@TempDir Path directory)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dhearth.sandbox.broker=" + BrokerDirectory.require(),
            "-cp",
            System.getProperty("java.class.path"),
            Owner.class.getName(),
            directory.toString());
    builder
        .environment()
        .put(
            "JAVA_TOOL_OPTIONS",
            "-Xss1m -XX:StartFlightRecording=filename=" + directory.resolve("owner.jfr"));
    Process owner = builder.redirectErrorStream(true).start();

    String said = new String(owner.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(owner.waitFor()).as(said).isZero();
    assertThat(said).contains("Started recording", Owner.UP);
  }

  private static boolean seen(String output) {
    ReadyLine ready =
        new ReadyLine("ready", new ByteArrayInputStream(output.getBytes(StandardCharsets.UTF_8)));
    ready.read();
    return ready.seen();
  }

  /** The JVM that is told something in its environment. */
  static final class Owner {
    static final String UP = "Kafka is up on ";

    public static void main(String[] arguments) {
      try (Sandbox sandbox =
          Sandbox.builder()
              .dataDirectory(Path.of(arguments[0], "data"))
              .servers(Server.KAFKA)
              .start()) {
        System.out.println(UP + sandbox.kafka().bootstrapServers());
      }
    }
  }
}
