/** The sample shop, its traffic, and what is shown of them. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.demo;
