package dev.hearth.client.jdbc;

import dev.hearth.client.LoadContext;
import dev.hearth.client.Loader;
import dev.hearth.store.standby.Refusal;
import dev.hearth.store.standby.StandbyReads;
import dev.hearth.store.standby.StandbyReads.From;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Makes loaders that read on a standby which has proven, in the transaction of the read, that it
 * sees what the lease stands for, and else on the primary. Counts where they read: {@code
 * hearth.loads{cache,from}}, and why standbys were passed over: {@code
 * hearth.standby.refusals{cache,reason}}. Thread-safe, as its loaders are.
 */
public final class StandbyLoaders {
  private final StandbyReads reads;
  private final MeterRegistry registry;

  public StandbyLoaders(StandbyReads reads, MeterRegistry registry) {
    this.reads = reads;
    this.registry = registry;
  }

  /**
   * Reads one key over a connection. It may be called twice, on different servers, and leaves the
   * transaction as it is: no commit, no rollback, no other isolation.
   *
   * @param <V> what is cached
   */
  @FunctionalInterface
  public interface KeyQuery<V> {
    /** Empty where the database has no such row. */
    Optional<V> load(Connection connection, String key) throws Exception;
  }

  /**
   * A loader for {@link dev.hearth.client.CoherentCache#get}.
   *
   * @param cache its name in the configuration
   */
  public <V> Loader<V> loader(String cache, KeyQuery<V> query) {
    return new StandbyLoader<>(reads, query, new Counts(registry, cache));
  }

  private record StandbyLoader<V>(StandbyReads reads, KeyQuery<V> query, Counts counts)
      implements Loader<V> {
    @Override
    public Optional<V> load(String key) throws Exception {
      return load(key, LoadContext.primaryOnly());
    }

    @Override
    public Optional<V> load(String key, LoadContext context) throws Exception {
      StandbyReads.Read<Optional<V>> read =
          reads.read(context.floor(), connection -> query.load(connection, key));
      counts.count(read);
      return read.value();
    }
  }

  /** All series exist from the start. */
  private static final class Counts {
    private final Map<From, Counter> loads = new EnumMap<>(From.class);
    private final Map<Refusal, Counter> refusals = new EnumMap<>(Refusal.class);

    Counts(MeterRegistry registry, String cache) {
      for (From from : From.values()) {
        loads.put(
            from,
            Counter.builder("hearth.loads")
                .description("Loads by where they read")
                .tag("cache", cache)
                .tag("from", from.label())
                .register(registry));
      }
      for (Refusal refusal : Refusal.values()) {
        refusals.put(
            refusal,
            Counter.builder("hearth.standby.refusals")
                .description("Standbys that were passed over, by reason")
                .tag("cache", cache)
                .tag("reason", refusal.label())
                .register(registry));
      }
    }

    void count(StandbyReads.Read<?> read) {
      increment(loads, read.from());
      read.refusals().forEach(refusal -> increment(refusals, refusal));
    }

    private static <E extends Enum<E>> void increment(Map<E, Counter> counters, E key) {
      Counter counter = counters.get(key);
      if (counter != null) {
        counter.increment();
      }
    }
  }
}
