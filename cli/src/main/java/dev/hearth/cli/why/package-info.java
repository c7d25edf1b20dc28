/** The story of a key, for people. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.why;
