/** Applying again what is in the log already: asked for over HTTP, done by the deliveries. */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator.replay;
