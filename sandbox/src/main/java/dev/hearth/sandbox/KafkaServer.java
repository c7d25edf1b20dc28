package dev.hearth.sandbox;

import java.io.IOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One Kafka node, broker and controller (KRaft), in a JVM of its own that ends with this one. Its
 * acknowledged records outlive {@link #kill()}. Topics are not created by using them. Safe for use
 * by many threads.
 */
public final class KafkaServer implements Restartable {
  private static final Duration START_BOUND = Duration.ofSeconds(90);
  private static final long STOP_BOUND_SECONDS = 15;

  private final ChildProcesses processes;
  private final Path directory;
  private final int port;
  private final int controllerPort;
  private @Nullable Process process;

  KafkaServer(DataDirectory data, int port, int controllerPort) {
    this.processes = data.processes();
    this.directory = data.subdirectory("kafka");
    this.port = port;
    this.controllerPort = controllerPort;
  }

  @Override
  public Server server() {
    return Server.KAFKA;
  }

  @Override
  public int port() {
    return port;
  }

  /** The value of {@code bootstrap.servers}. */
  public String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  @Override
  public synchronized void start() {
    if (process != null && process.isAlive()) {
      return;
    }
    Ports.requireFree(Server.KAFKA, port);
    Ports.requireFree(Server.KAFKA, controllerPort);
    LogFile log = LogFile.appendingTo(directory.resolve("kafka.log"));
    try {
      Process started =
          processes.launch(
              new ProcessBuilder(command(writeProperties()))
                  .directory(directory.toFile())
                  .redirectError(log.redirect()));
      process = started;
      ReadyLine ready = ReadyLine.in(started.getInputStream(), BrokerMain.READY);
      ChildProcesses.awaitReady(Server.KAFKA, started, log, START_BOUND, ready::seen);
    } catch (IOException e) {
      throw new SandboxException("Kafka did not start: " + e.getMessage() + ".", e);
    } catch (SandboxException e) {
      kill();
      throw e;
    }
  }

  @Override
  public synchronized void stop() {
    Process running = process;
    if (running == null) {
      return;
    }
    try {
      running.getOutputStream().close();
      running.waitFor(STOP_BOUND_SECONDS, TimeUnit.SECONDS);
    } catch (IOException e) {
      // It has ended already.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kill();
  }

  @Override
  public synchronized void kill() {
    if (process != null) {
      processes.kill(process);
      process = null;
    }
  }

  private List<String> command(Path properties) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx512m",
        // To be ready takes 1.6 s of processor time with these two, 2.7 s without (2 cores, JDK
        // 17).
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dlogback.configurationFile=dev/hearth/sandbox/broker-logback.xml",
        "-cp",
        BrokerDirectory.require() + "/*:" + ownClasses(),
        BrokerMain.class.getName(),
        properties.toString());
  }

  private static Path ownClasses() {
    try {
      return Path.of(KafkaServer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("This class was loaded from no file", e);
    }
  }

  private Path writeProperties() throws IOException {
    Properties properties = new Properties();
    properties.setProperty("process.roles", "broker,controller");
    properties.setProperty("node.id", "1");
    properties.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
    properties.setProperty("controller.listener.names", "CONTROLLER");
    properties.setProperty(
        "listeners",
        "PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d".formatted(port, controllerPort));
    properties.setProperty("advertised.listeners", "PLAINTEXT://127.0.0.1:" + port);
    properties.setProperty("log.dirs", directory.resolve("data").toString());
    // After a kill the controller refuses the broker until the session of the killed one has ended:
    // with the default of 9 s a start then takes 12 s. With 2 s a busy machine of two cores lost
    // its only broker to its own controller for seconds.
    properties.setProperty("broker.session.timeout.ms", "5000");
    properties.setProperty("broker.heartbeat.interval.ms", "500");
    properties.setProperty("auto.create.topics.enable", "false");
    properties.setProperty("group.initial.rebalance.delay.ms", "0");
    properties.setProperty("offsets.topic.replication.factor", "1");
    properties.setProperty("offsets.topic.num.partitions", "4");
    properties.setProperty("transaction.state.log.replication.factor", "1");
    properties.setProperty("transaction.state.log.min.isr", "1");
    properties.setProperty("transaction.state.log.num.partitions", "4");
    properties.setProperty("share.coordinator.state.topic.replication.factor", "1");
    properties.setProperty("share.coordinator.state.topic.min.isr", "1");
    properties.setProperty("share.coordinator.state.topic.num.partitions", "2");
    properties.setProperty("num.network.threads", "2");
    properties.setProperty("num.io.threads", "4");
    properties.setProperty("num.recovery.threads.per.data.dir", "2");
    properties.setProperty("background.threads", "2");
    properties.setProperty("log.cleaner.dedupe.buffer.size", "16777216");
    Path file = directory.resolve("server.properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      properties.store(writer, "Written at each start of the sandbox");
    }
    return file;
  }
}
