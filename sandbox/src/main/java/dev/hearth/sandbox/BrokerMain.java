package dev.hearth.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * The Kafka broker's JVM: formats its storage on the first start, writes one line to standard
 * output when it serves, and ends when standard input does, so that it never outlives its parent.
 */
final class BrokerMain {
  static final String READY = "ready";
  private static final long SHUTDOWN_BOUND_SECONDS = 10;

  private BrokerMain() {}

  /** Takes one argument: the broker's properties file. */
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    try (var file = Files.newInputStream(Path.of(args[0]))) {
      properties.load(file);
    }
    formatOnce(properties);
    KafkaRaftServer broker =
        new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
    Thread parent = new Thread(() -> shutDownWithParent(broker), "parent");
    parent.setDaemon(true);
    parent.start();
    broker.startup();
    System.out.println(READY);
    broker.awaitShutdown();
    Runtime.getRuntime().halt(0);
  }

  private static void formatOnce(Properties properties) throws Exception {
    new Formatter()
        .setPrintStream(System.err)
        .setNodeId(Integer.parseInt(properties.getProperty("node.id")))
        .setClusterId(new Uuid(0x4865617274680000L, 1).toString())
        .setDirectories(List.of(properties.getProperty("log.dirs")))
        .setMetadataLogDirectory(properties.getProperty("log.dirs"))
        .setControllerListenerName(properties.getProperty("controller.listener.names"))
        .setIgnoreFormatted(true)
        .run();
  }

  private static void shutDownWithParent(KafkaRaftServer broker) {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      // As good as the end.
    }
    Thread bound =
        new Thread(
            () -> {
              LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(SHUTDOWN_BOUND_SECONDS));
              Runtime.getRuntime().halt(1);
            },
            "shutdown-bound");
    bound.setDaemon(true);
    bound.start();
    broker.shutdown();
  }
}
