/** What a run waits for, or is refused for: a stream that is not fresh, a store without room. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.guard;
