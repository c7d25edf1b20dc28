/** One consumer loop per store, with its own group: apply, retry, quarantine, commit. */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator.delivery;
