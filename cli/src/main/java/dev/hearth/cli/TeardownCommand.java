package dev.hearth.cli;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.ingest.SourceTeardown;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.Warmer;
import java.io.Console;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Removes what an installation has on its servers, after saying what and asking. */
@Command(
    name = "teardown",
    description =
        "Removes slot, publication, topics, consumer groups, and the positions and fenced entries"
            + " in the stores; says first what there is, and asks.",
    mixinStandardHelpOptions = true)
final class TeardownCommand implements Callable<Integer> {
  private final Function<String, Optional<String>> ask;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ConfigOptions config = new ConfigOptions();

  @Option(names = "--yes", description = "Does not ask.")
  private boolean yes;

  TeardownCommand() {
    this(TeardownCommand::askOnTerminal);
  }

  /**
   * @param ask from the question to the answer; empty where there is nobody to ask
   */
  TeardownCommand(Function<String, Optional<String>> ask) {
    this.ask = ask;
  }

  static Optional<String> askOnTerminal(String question) {
    Console console = System.console();
    return console == null
        ? Optional.empty()
        : Optional.of(Optional.ofNullable(console.readLine("%s", question)).orElse(""));
  }

  @Override
  public Integer call() {
    Logging.off();
    HearthConfig loaded = config.load().config();
    Checks.offline(loaded);
    Topics topics = new Topics(loaded.kafka().topicPrefix());
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    try (Metrics metrics = new Metrics(Version.current());
        Stores stores = new Stores(loaded, topics, metrics)) {
      return tearDown(loaded, topics, stores, opened);
    } finally {
      opened.forEach(TeardownCommand::closeQuietly);
    }
  }

  private int tearDown(
      HearthConfig loaded, Topics topics, Stores stores, Deque<AutoCloseable> opened) {
    List<Remnant> remnants = new ArrayList<>();
    // The source first: a slot that nobody reads fills a disk.
    for (Supplier<Remnant> each : remnants(loaded, topics, stores)) {
      Remnant remnant = each.get();
      opened.push(remnant);
      remnants.add(remnant);
    }
    List<String> found = new ArrayList<>();
    remnants.forEach(remnant -> found.addAll(remnant.find()));

    PrintWriter out = spec.commandLine().getOut();
    if (found.isEmpty()) {
      out.println("Nothing of installation " + topics.prefix() + " is there.");
      out.flush();
      return 0;
    }
    out.println("Of installation " + topics.prefix() + " there is:");
    found.forEach(line -> out.println("  " + line));
    out.flush();
    if (!yes) {
      Optional<String> answer = ask.apply("Remove all of it, for good? Type yes: ");
      if (answer.isEmpty()) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(
            "teardown asks before it removes anything, and there is no terminal to ask on; nothing"
                + " was removed. If the list is right, run it with --yes.");
        err.flush();
        return Hearth.USAGE;
      }
      if (!answer.get().strip().equals("yes")) {
        out.println("Nothing was removed.");
        out.flush();
        return Hearth.FAILED;
      }
    }
    remnants.forEach(Remnant::remove);
    out.println("Removed.");
    out.flush();
    return 0;
  }

  private static List<Supplier<Remnant>> remnants(
      HearthConfig config, Topics topics, Stores stores) {
    List<Supplier<Remnant>> remnants = new ArrayList<>();
    remnants.add(() -> source(new SourceTeardown(config)));
    remnants.add(
        () -> {
          Set<String> names = new HashSet<>();
          topics.all().stream().map(Topic::name).forEach(names::add);
          names.addAll(Invalidator.ownTopics(topics));
          names.addAll(Warmer.ownTopics(topics));
          Set<String> groups = new HashSet<>(Invalidator.groups(config, topics));
          groups.addAll(Warmer.groups(topics));
          return new KafkaRemnant(
              KafkaTopics.clientProperties(
                  config.kafka().bootstrapServers(), config.kafka().properties()),
              names,
              groups);
        });
    Map<String, FencedStore> readers = stores.readers();
    Map<String, Supplier<DeliveryTarget>> connectors = stores.connectors();
    readers.forEach(
        (name, reader) ->
            remnants.add(
                () ->
                    new StoreRemnant(
                        name,
                        reader,
                        Optional.ofNullable(connectors.get(name)).orElseThrow(),
                        fenced(config, name),
                        topics.invalidations().partitions())));
    return remnants;
  }

  /** Entries of other caches are the application's own. */
  private static Map<String, KeyTemplate> fenced(HearthConfig config, String store) {
    Map<String, KeyTemplate> caches = new LinkedHashMap<>();
    config
        .caches()
        .forEach(
            (name, cache) -> {
              boolean ours =
                  cache.mode() == HearthConfig.Mode.FENCED || cache.mode() == HearthConfig.Mode.TAG;
              if (ours && cache.stores().contains(store)) {
                caches.put(name, KeyTemplate.parse(cache.key()));
              }
            });
    return caches;
  }

  private static Remnant source(SourceTeardown source) {
    return new Remnant() {
      @Override
      public List<String> find() {
        return source.find();
      }

      @Override
      public void remove() {
        source.remove();
      }

      @Override
      public void close() {
        source.close();
      }
    };
  }

  private static void closeQuietly(AutoCloseable opened) {
    try {
      opened.close();
    } catch (Exception e) {
      // What was asked for is done or refused; a connection that does not close changes nothing.
      return;
    }
  }
}
