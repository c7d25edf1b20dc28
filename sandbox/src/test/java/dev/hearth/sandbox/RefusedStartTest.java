package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RefusedStartTest {

  @Test
  void namesThePortInUseAndItsServerAndEndsTheOthers(@TempDir Path directory) throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(Ports.localhost(0));
      Sandbox.Builder builder =
          Sandbox.builder()
              .dataDirectory(directory)
              .servers(Server.REDIS, Server.KAFKA)
              .port(Server.KAFKA, taken.getLocalPort());

      assertThatThrownBy(builder::start)
          .isInstanceOf(SandboxException.class)
          .hasMessage(
              "Kafka cannot start: port %d on 127.0.0.1 is in use; end the program that listens there, or give Kafka another port (0 takes a free one)."
                  .formatted(taken.getLocalPort()));
      assertThat(directory.resolve("owner")).doesNotExist();
      assertThat(directory.resolve("processes")).isEmptyFile();
    }
  }

  @Test
  void refusesADataDirectoryThatAnotherSandboxUses(@TempDir Path directory) throws Exception {
    Path real = directory.toRealPath();
    try (Sandbox first = Sandbox.builder().dataDirectory(directory).servers(Server.REDIS).start()) {
      Sandbox.Builder second = Sandbox.builder().dataDirectory(directory).servers(Server.REDIS);

      assertThatThrownBy(second::start)
          .isInstanceOf(SandboxException.class)
          .hasMessage(
              "The data directory %s is in use by process %d; end that process or choose another data directory.",
              real, ProcessHandle.current().pid());
      assertThat(Clients.redis(first.redis(), "PING")).isEqualTo("+PONG");
    }
  }

  @Test
  void doesNotTakeAReusedPidForTheOwner(@TempDir Path directory) throws Exception {
    long pid = ProcessHandle.current().pid();
    Files.writeString(directory.resolve("owner"), new ProcessIdentity(pid, 1).toString());
    Files.writeString(
        directory.resolve("processes"), new ProcessIdentity(pid, 1) + " java " + directory);

    try (Sandbox sandbox =
        Sandbox.builder().dataDirectory(directory).servers(Server.REDIS).start()) {
      assertThat(Clients.redis(sandbox.redis(), "PING")).isEqualTo("+PONG");
    }
  }

  @Test
  void saysWhichServerWasNotAskedFor(@TempDir Path directory) {
    try (Sandbox sandbox =
        Sandbox.builder().dataDirectory(directory).servers(Server.REDIS).start()) {
      assertThatThrownBy(sandbox::kafka)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "This sandbox has no Kafka; it was started with [REDIS] only. Add Server.KAFKA to servers(…).");
    }
  }

  @Test
  void quotesTheLogWhenAServerEndsAtOnce(@TempDir Path directory) throws Exception {
    Path cluster = Files.createDirectories(directory.resolve("postgres/data"));
    Files.setPosixFilePermissions(cluster, PosixFilePermissions.fromString("rwx------"));
    Files.createFile(cluster.resolve("postgresql.conf"));
    Files.writeString(cluster.resolve("PG_VERSION"), "9.6\n");
    Sandbox.Builder builder = Sandbox.builder().dataDirectory(directory).servers(Server.POSTGRES);

    assertThatThrownBy(builder::start)
        .isInstanceOf(SandboxException.class)
        .hasMessageStartingWith("PostgreSQL did not start: its process ended with status 1. ")
        .hasMessageContaining(directory.toRealPath().resolve("postgres/postgres.log").toString())
        .hasMessageContaining("FATAL:  database files are incompatible with server");
  }

  @Test
  void refusesAPortThatIsNone() {
    assertThatThrownBy(() -> Sandbox.builder().port(Server.REDIS, 65_536))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The port of Redis must be 0 (a free one) to 65535, found 65536.");
  }
}
