package dev.hearth.guarantees;

import dev.hearth.cli.Hearth;
import dev.hearth.cli.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A service in a process of its own, so that it can be killed. */
final class ServiceProcess {
  private final Process process;

  private ServiceProcess(Process process) {
    this.process = process;
  }

  static ServiceProcess start(Shop shop, Role role) throws IOException {
    Path directory = Files.createTempDirectory("hearth-" + shop.name + "-" + role);
    Path config = directory.resolve("hearth.yaml");
    Files.writeString(config, shop.yaml(directory.resolve("data")));
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Hearth.class.getName()));
    command.addAll(
        List.of(
            "run", "--config", config.toString(), "--role", role.name().toLowerCase(Locale.ROOT)));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    return new ServiceProcess(process);
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor(30, TimeUnit.SECONDS);
  }
}
