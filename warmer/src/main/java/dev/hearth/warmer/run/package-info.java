/** Executes warm-up runs through the fence, at a pace that the database allows. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.run;
