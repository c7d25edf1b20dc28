package dev.hearth.cli.shop.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ProcessorsTest {
  @Test
  void keepsAProcessToAProcessor() throws Exception {
    Process process = new ProcessBuilder("sleep", "60").start();
    try {
      Processors.pin(process.toHandle(), "0");

      assertThat(Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")))
          .contains("Cpus_allowed_list:\t0");
      assertThatThrownBy(() -> Processors.pin(process.toHandle(), "none"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("taskset -a -c -p none " + process.pid() + " ended with 1");
    } finally {
      process.destroyForcibly();
    }
  }
}
