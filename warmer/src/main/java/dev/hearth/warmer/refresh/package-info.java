/** Fills hot entries again after a change took them out. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.refresh;
