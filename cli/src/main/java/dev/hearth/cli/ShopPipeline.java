package dev.hearth.cli;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.cli.shop.SampleShop;
import dev.hearth.cli.shop.demo.Screen;
import dev.hearth.sandbox.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * All services on servers of their own and the sample shop, ready.
 *
 * @param file with their configuration
 */
record ShopPipeline(
    Sandbox servers, SampleShop shop, Path file, HearthConfig config, Services services) {
  private static final Duration READY_BOUND = Duration.ofSeconds(30);
  private static final Duration READY_PAUSE = Duration.ofMillis(20);

  /** The configuration of the services for this shop on these servers, as YAML. */
  @FunctionalInterface
  interface Yaml {
    String of(Sandbox servers, SampleShop shop);
  }

  /** What is done while it runs. */
  @FunctionalInterface
  interface Use<T> {
    T with(ShopPipeline running) throws InterruptedException, IOException, SQLException;
  }

  /**
   * Starts everything, uses it, and ends everything.
   *
   * @param screen told how far it is
   * @param signal when it comes while all runs, the servers stay until the command has ended
   * @param sandbox which servers
   * @param products in the shop, at least 1
   * @param file where the configuration is written
   */
  static <T> T run(
      Screen screen,
      StopSignal signal,
      Sandbox.Builder sandbox,
      int products,
      Path file,
      Yaml yaml,
      Use<T> use)
      throws InterruptedException, IOException, SQLException {
    try (Sandbox servers = sandbox.progress(line -> screen.say("  " + line)).start()) {
      SampleShop shop = new SampleShop(servers, products);
      shop.create();
      screen.say(String.format(Locale.ROOT, "  a shop with %,d products", products));
      Files.writeString(file, yaml.of(servers, shop));
      HearthConfig config = ConfigLoader.load(file, Map.of(), Map.of()).config();
      try (Services services = new Services(config, EnumSet.allOf(Role.class))) {
        services.start();
        awaitReady(services.health());
        servers.endAfter(signal::awaitTheEnd);
        return use.with(new ShopPipeline(servers, shop, file, config, services));
      }
    } finally {
      screen.endLine();
    }
  }

  /** Traffic that came before the log is followed would measure the start, not the pipeline. */
  private static void awaitReady(Health health) throws InterruptedException {
    long deadline = System.nanoTime() + READY_BOUND.toNanos();
    while (!health.ready().fine()) {
      if (System.nanoTime() > deadline) {
        throw new StartupException(
            "the services are not ready after "
                + READY_BOUND.toSeconds()
                + " s: "
                + health.ready().failed(),
            1);
      }
      TimeUnit.NANOSECONDS.sleep(READY_PAUSE.toNanos());
    }
  }
}
