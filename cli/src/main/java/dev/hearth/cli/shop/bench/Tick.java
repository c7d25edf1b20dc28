package dev.hearth.cli.shop.bench;

import org.HdrHistogram.Histogram;

/**
 * What happened in a short time; one point of each curve.
 *
 * @param endSeconds since the stores were flushed
 * @param reads that were answered
 * @param hits those of them that the store answered
 * @param queries latencies of the application's own queries, in microseconds
 * @param probes how long the database executed a query that is always the same, in microseconds
 */
record Tick(double endSeconds, long reads, long hits, Histogram queries, Histogram probes) {}
