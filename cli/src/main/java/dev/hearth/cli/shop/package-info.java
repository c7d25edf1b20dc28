/** The sample shop and its traffic: the demo shows them, and benchmarks measure with them. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.shop;
