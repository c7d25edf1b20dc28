/** Every interleaving of a small world, run through the production functions. */
@org.jspecify.annotations.NullMarked
package dev.hearth.store.explore;
