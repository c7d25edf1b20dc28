package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Where a log goes is decided by the first logger: to have one before that is too early. */
class LoggingTest {

  @Test
  void theCommandLineIsBuiltWithoutALogger() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-verbose:class",
                "-cp",
                System.getProperty("java.class.path"),
                Hearth.class.getName(),
                "--help")
            .redirectErrorStream(true)
            .start();
    String loaded = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(loaded).isZero();
    assertThat(loaded).contains("dev.hearth.cli.RunCommand source:");
    assertThat(loaded.lines().filter(line -> line.contains(" org.slf4j.LoggerFactory source:")))
        .isEmpty();
  }
}
