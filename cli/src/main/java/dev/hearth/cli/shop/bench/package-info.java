/** Benchmarks of the whole pipeline, and the reports that show them. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.shop.bench;
