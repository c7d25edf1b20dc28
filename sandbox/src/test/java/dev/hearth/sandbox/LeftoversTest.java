package dev.hearth.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LeftoversTest {

  @Test
  void theNextStartEndsWhatAKilledOwnerLeftAndKeepsItsData(@TempDir Path directory)
      throws Exception {
    Process owner = startOwner(directory);
    List<ProcessHandle> left = processesOf(directory);
    assertThat(left).hasSize(3).allMatch(ProcessHandle::isAlive);

    owner.destroyForcibly().waitFor();
    try (Sandbox sandbox =
        Sandbox.builder()
            .dataDirectory(directory)
            .servers(Server.POSTGRES, Server.KAFKA, Server.REDIS)
            .start()) {

      assertThat(left).noneMatch(ChildProcesses::holdsAnything);
      assertThat(Clients.query(sandbox.postgres(), "SELECT id FROM kept")).containsExactly("42");
      assertThat(Clients.redis(sandbox.redis(), "PING")).isEqualTo("+PONG");
    }
  }

  @Test
  void theBrokerEndsByItselfWhenItsOwnerIsKilled(@TempDir Path directory) throws Exception {
    Process owner = startOwner(directory);
    ProcessHandle broker =
        processesOf(directory).stream()
            .filter(process -> process.info().commandLine().orElse("").contains("BrokerMain"))
            .findFirst()
            .orElseThrow();

    owner.destroyForcibly().waitFor();

    Eventually.eventually("the broker has ended", () -> !ChildProcesses.holdsAnything(broker));
    new ChildProcesses(directory.toRealPath()).endLeftovers();
  }

  @Test
  void aTerminatedOwnerLeavesNothing(@TempDir Path directory) throws Exception {
    Process owner = startOwner(directory);
    List<ProcessHandle> left = processesOf(directory);

    owner.destroy();
    owner.waitFor();

    assertThat(left).noneMatch(ChildProcesses::holdsAnything);
    assertThat(directory.resolve("owner")).doesNotExist();
  }

  @Test
  void aTerminatedOwnerMayFinishWithItsServersFirst(@TempDir Path directory) throws Exception {
    Process owner = launch(Finishing.class, directory.toString());
    assertThat(owner.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("running");
    List<ProcessHandle> left = processesOf(directory);

    // Process.destroy() would close what the owner still writes to.
    owner.toHandle().destroy();

    assertThat(owner.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("at the end +PONG");
    owner.waitFor();
    assertThat(left).hasSize(1).noneMatch(ChildProcesses::holdsAnything);
  }

  @Test
  void anyNextStartRemovesTheTemporaryDirectoryOfAKilledOwner() throws Exception {
    Process owner = launchOwner();
    Path abandoned = Path.of(owner.inputReader(StandardCharsets.UTF_8).readLine());
    List<ProcessHandle> left = processesOf(abandoned);
    assertThat(left).hasSize(1);

    owner.destroyForcibly().waitFor();
    Sandbox.builder().servers().start().close();

    assertThat(left).noneMatch(ChildProcesses::holdsAnything);
    assertThat(abandoned).doesNotExist();
  }

  private static Process startOwner(Path directory) throws Exception {
    Process owner = launchOwner(directory.toString());
    assertThat(owner.inputReader(StandardCharsets.UTF_8).readLine())
        .isEqualTo(directory.toRealPath().toString());
    return owner;
  }

  private static Process launchOwner(String... arguments) throws Exception {
    return launch(Owner.class, arguments);
  }

  private static Process launch(Class<?> main, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dhearth.sandbox.broker=" + BrokerDirectory.require(),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static List<ProcessHandle> processesOf(Path directory) throws Exception {
    return Files.readAllLines(directory.resolve("processes")).stream()
        .flatMap(line -> ProcessIdentity.parse(line).stream())
        .flatMap(identity -> identity.running().stream())
        .toList();
  }

  /**
   * The JVM that gets killed. With a directory: three servers and a row; without: Redis in a
   * temporary one. Prints where, and waits for its end.
   */
  static final class Owner {
    public static void main(String[] arguments) throws Exception {
      Sandbox sandbox =
          arguments.length == 0
              ? Sandbox.builder().servers(Server.REDIS).start()
              : Sandbox.builder()
                  .dataDirectory(Path.of(arguments[0]))
                  .servers(Server.POSTGRES, Server.KAFKA, Server.REDIS)
                  .start();
      if (arguments.length > 0) {
        Clients.execute(sandbox.postgres(), "CREATE TABLE kept AS SELECT 42 AS id");
      }
      System.out.println(sandbox.dataDirectory());
      int unused = System.in.read();
    }
  }

  /** A JVM that still asks its server something when it is told to end. */
  static final class Finishing {
    public static void main(String[] arguments) throws Exception {
      Sandbox sandbox =
          Sandbox.builder().dataDirectory(Path.of(arguments[0])).servers(Server.REDIS).start();
      CountDownLatch stop = new CountDownLatch(1);
      CountDownLatch finished = new CountDownLatch(1);
      Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown));
      sandbox.endAfter(() -> await(finished));
      System.out.println("running");
      stop.await();
      // Time for a hook that does not wait.
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
      try {
        System.out.println("at the end " + Clients.redis(sandbox.redis(), "PING"));
      } finally {
        finished.countDown();
      }
    }

    private static void await(CountDownLatch latch) {
      try {
        boolean unused = latch.await(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
