/** Rules: the change of a row to the keys that it touches. Pure, but for the topology around it. */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator.derivation;
