/** The application's side of a coherent cache: reads through it, one flight per key. */
@org.jspecify.annotations.NullMarked
package dev.hearth.client;
