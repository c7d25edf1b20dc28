package dev.hearth.chassis.metrics;

/**
 * The lags of one phase over some time, exact to three digits.
 *
 * @param count how many
 * @param p50Millis median in milliseconds; 0 when there is none
 * @param p99Millis 99th percentile in milliseconds; 0 when there is none
 * @param maxMillis largest in milliseconds; 0 when there is none
 */
public record LagSnapshot(long count, double p50Millis, double p99Millis, double maxMillis) {}
