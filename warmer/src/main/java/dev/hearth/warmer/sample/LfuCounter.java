package dev.hearth.warmer.sample;

/**
 * What an access counter of Redis says (evict.c and redis.conf, "LFU"). It grows by one with
 * probability 1 / ((c - 5) · factor + 1) at each access, c being its value and 5 that of a new key,
 * and falls by one in each decay time. Where both balance, a key is read ((c - 5) · factor + 1)
 * times in a decay time: a logarithm of sorts that forgets, and ends at 255. Pure.
 *
 * @param factor lfu-log-factor of the server, 0 or more; 10 by default
 * @param decayMinutes lfu-decay-time of the server; 1 by default. With 0, which means never, one
 *     minute is taken for it: the ranks stay, the rates are none
 */
record LfuCounter(long factor, long decayMinutes) {
  static final LfuCounter DEFAULTS = new LfuCounter(10, 1);

  private static final int OF_A_NEW_KEY = 5;
  private static final double SECONDS_PER_MINUTE = 60;

  /** Reads per second of a key with this counter; 0 where it is not above that of a new one. */
  double readsPerSecond(long counter) {
    long above = counter - OF_A_NEW_KEY;
    return above <= 0
        ? 0
        : (above * (double) Math.max(0, factor) + 1)
            / (SECONDS_PER_MINUTE * Math.max(1, decayMinutes));
  }
}
