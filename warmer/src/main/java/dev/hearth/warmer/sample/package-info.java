/** Heat of stores whose clients cannot report: their own statistics, sampled. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.sample;
