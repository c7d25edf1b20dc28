/** Invalidations as they come, to whoever listens. */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator.live;
