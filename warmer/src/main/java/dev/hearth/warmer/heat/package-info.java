/** Access reports to decayed frequencies per key and cache, and those to hot keys. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.heat;
