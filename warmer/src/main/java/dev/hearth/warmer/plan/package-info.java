/** Hot keys and a budget to an ordered plan; pure. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.plan;
