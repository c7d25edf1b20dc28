/**
 * Reads the values of keys from the primary, as the JSON that applications share with the warmer.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.load;
