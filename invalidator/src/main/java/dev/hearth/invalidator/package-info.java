/** Changes to invalidations to stores: this package wires the rooms. */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator;
