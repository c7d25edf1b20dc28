package dev.hearth.client.access;

import java.time.Clock;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What reporting costs a read: {@code recording} less {@code nothing}, which draws the key alone. A
 * report is made every second, as it is by default, and thrown away.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RecorderBenchmark {

  /** Keys by Zipf's law, drawn beforehand. */
  @State(Scope.Benchmark)
  public static class Reads {
    @Param({"20000", "1000000"})
    int keys;

    String[] drawn = {};
    BufferedAccessRecorder recorder;

    /** The same keys in every run. */
    @Setup(Level.Trial)
    public void start() {
      Random random = new Random(20261123);
      double[] cumulative = new double[keys];
      double sum = 0;
      for (int i = 0; i < keys; i++) {
        sum += 1.0 / (i + 1);
        cumulative[i] = sum;
      }
      String[] all = new String[keys];
      for (int i = 0; i < keys; i++) {
        all[i] = "product:" + i;
      }
      drawn = new String[1 << 20];
      for (int i = 0; i < drawn.length; i++) {
        int found = java.util.Arrays.binarySearch(cumulative, random.nextDouble() * sum);
        drawn[i] = all[Math.min(keys - 1, found < 0 ? -found - 1 : found)];
      }
      recorder =
          BufferedAccessRecorder.start(
              "bench",
              report -> {},
              new BufferedAccessRecorder.Options(
                  Duration.ofSeconds(1), 20_000, Clock.systemUTC(), Ticker.system()));
    }

    /** Ends the reporter. */
    @TearDown(Level.Trial)
    public void stop() {
      recorder.close();
    }
  }

  /** Where a thread is among the keys. */
  @State(Scope.Thread)
  public static class Place {
    int at = new Random().nextInt(1 << 20);

    String next(Reads reads) {
      at = (at + 1) & (reads.drawn.length - 1);
      return reads.drawn[at];
    }
  }

  @Benchmark
  public int nothing(Reads reads, Place place) {
    return place.next(reads).hashCode();
  }

  @Benchmark
  public int recording(Reads reads, Place place) {
    String key = place.next(reads);
    reads.recorder.hit("product", key, 512);
    return key.hashCode();
  }

  /**
   * The same without the wall clock, for a machine that has other things to do: processor time of
   * the thread, which being put aside does not add to.
   */
  @Test
  void processorTimeOfARead() {
    for (int keys : new int[] {20_000, 1_000_000}) {
      Reads reads = new Reads();
      reads.keys = keys;
      reads.start();
      Place place = new Place();
      double bestNothing = Double.MAX_VALUE;
      double bestRecording = Double.MAX_VALUE;
      for (int round = 0; round < 12; round++) {
        bestNothing = Math.min(bestNothing, nanosPerRead(() -> nothing(reads, place)));
        double each = nanosPerRead(() -> recording(reads, place));
        bestRecording = Math.min(bestRecording, each);
        System.out.printf("%,d keys, round %d: %.1f ns of processor time%n", keys, round, each);
      }
      reads.stop();
      System.out.printf(
          "%,d keys: nothing %.1f ns, recording %.1f ns of processor time for each read%n",
          keys, bestNothing, bestRecording);
    }
  }

  private static double nanosPerRead(java.util.function.IntSupplier read) {
    java.lang.management.ThreadMXBean threads =
        java.lang.management.ManagementFactory.getThreadMXBean();
    int reads = 4_000_000;
    int kept = 0;
    long began = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < reads; i++) {
      kept += read.getAsInt();
    }
    double nanos = threads.getCurrentThreadCpuTime() - began;
    if (kept == 42) {
      System.out.print("");
    }
    return nanos / reads;
  }

  @Test
  void run() throws Exception {
    for (int threads = 1; threads <= 2; threads++) {
      new Runner(
              new OptionsBuilder()
                  .include(RecorderBenchmark.class.getName())
                  .threads(threads)
                  .forks(1)
                  .warmupIterations(5)
                  .warmupTime(TimeValue.seconds(1))
                  .measurementIterations(8)
                  .measurementTime(TimeValue.seconds(2))
                  .build())
          .run();
    }
  }
}
