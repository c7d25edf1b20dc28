package dev.hearth.warmer.trigger;

import org.jspecify.annotations.Nullable;

/**
 * The hit ratio of a cache since its run began, of the latest seconds.
 *
 * @param reads that clients reported
 * @param ratio null while too few reads were reported to tell
 */
public record HitRatioView(long reads, long misses, @Nullable Double ratio) {}
