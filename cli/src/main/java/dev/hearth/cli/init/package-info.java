/** A first configuration from a live schema, and the statements that its owner must run. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.init;
