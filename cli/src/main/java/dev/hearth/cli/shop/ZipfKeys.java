package dev.hearth.cli.shop;

import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.apache.commons.rng.sampling.distribution.RejectionInversionZipfSampler;
import org.apache.commons.rng.sampling.distribution.SharedStateDiscreteSampler;
import org.apache.commons.rng.simple.RandomSource;

/**
 * Ids of what is read or written, one after the other, by Zipf's law: the same for the same seed.
 * For one thread.
 */
public final class ZipfKeys {
  /** Spreads the ranks over the ids, so that neighbours in heat are no neighbours in the table. */
  private static final int STRIDE = 7919;

  private final int keys;
  private final int stride;
  private final SharedStateDiscreteSampler ranks;

  /**
   * @param keys ids from 1 to here, at least 1
   * @param exponent 0 reads all alike; with 1 the key of rank n is read 1/n as often as the first
   */
  public ZipfKeys(int keys, double exponent, long seed) {
    this.keys = keys;
    this.stride = coprime(keys);
    this.ranks =
        RejectionInversionZipfSampler.of(
            RandomSource.XO_RO_SHI_RO_128_PP.create(seed), keys, exponent);
  }

  /** From 1 to the number of keys. */
  public int next() {
    return 1 + (int) ((long) ranks.sample() * stride % keys);
  }

  /** What arrives: the work, each time on the next id. */
  public Supplier<Runnable> each(IntConsumer work) {
    return () -> {
      int id = next();
      return () -> work.accept(id);
    };
  }

  /** Each rank has an id of its own only where stride and count have no divisor in common. */
  private static int coprime(int count) {
    int stride = STRIDE;
    while (divisor(stride, count) != 1) {
      stride++;
    }
    return stride;
  }

  private static int divisor(int one, int other) {
    return other == 0 ? one : divisor(other, one % other);
  }
}
