package dev.hearth.cli.shop.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a benchmark does.
 *
 * @param longest longest time of traffic in one phase
 * @param readsPerSecond at least 1, whether or not earlier reads are answered
 * @param keys in the shop, at least 100
 * @param zipf exponent of Zipf's law, which says how often the key of each rank is read; 0 to 5
 * @param seed of the keys that are read
 * @param rounds how often the warmed phase is measured, at least 1
 * @param databaseShare of the time of the warmer's connections that a run may use, above 0, up to
 *     1; empty: as much as the database's latency allows
 * @param apart whether the database has a processor for itself
 */
public record BenchSettings(
    Duration longest,
    int readsPerSecond,
    int keys,
    double zipf,
    long seed,
    int rounds,
    Optional<Double> databaseShare,
    boolean apart) {
  private static final Duration LONGEST_WINDOW = Duration.ofSeconds(10);
  private static final int WINDOWS = 12;
  private static final int TICKS = 20;

  /** In a shorter one a few reads would make a hit ratio. */
  private static final Duration SHORTEST_TICK = Duration.ofMillis(100);

  /** What is wrong, one sentence each; empty where nothing is. */
  public List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (longest.compareTo(Duration.ofSeconds(3)) < 0
        || longest.compareTo(Duration.ofHours(1)) > 0) {
      problems.add("--for is " + longest.toMillis() + " ms; expected 3s to 1h");
    }
    if (readsPerSecond < 1 || readsPerSecond > 100_000) {
      problems.add("--reads is " + readsPerSecond + "; expected 1 to 100000 per second");
    }
    if (keys < 100 || keys > 1_000_000) {
      problems.add("--keys is " + keys + "; expected 100 to 1000000");
    }
    if (!(zipf >= 0 && zipf <= 5)) {
      problems.add("--zipf is " + zipf + "; expected an exponent from 0 to 5, such as 1.0");
    }
    if (rounds < 1 || rounds > 100) {
      problems.add("--rounds is " + rounds + "; expected 1 to 100");
    }
    return problems;
  }

  /** How much traffic a hit ratio is judged by: is it steady, and what was it before? */
  Duration window() {
    Duration part = longest.dividedBy(WINDOWS);
    return part.compareTo(LONGEST_WINDOW) < 0 ? part : LONGEST_WINDOW;
  }

  /** One point of a curve. */
  Duration tick() {
    Duration part = window().dividedBy(TICKS);
    return part.compareTo(SHORTEST_TICK) > 0 ? part : SHORTEST_TICK;
  }
}
