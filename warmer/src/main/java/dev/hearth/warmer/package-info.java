/** Accesses to hot keys to stores: the root sees all rooms and wires them. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer;
