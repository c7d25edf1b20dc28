/**
 * Reads the values of keys from the primary, or from a standby that sees as much, as the JSON that
 * applications share with the warmer.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.load;
