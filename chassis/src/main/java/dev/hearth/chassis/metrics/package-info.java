/** Metrics: one catalogue of names, one Prometheus registry, and the lag of every phase. */
@NullMarked
package dev.hearth.chassis.metrics;

import org.jspecify.annotations.NullMarked;
