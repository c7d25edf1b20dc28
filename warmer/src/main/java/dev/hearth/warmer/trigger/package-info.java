/** Who asks for a warm-up run: HTTP. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.trigger;
