/** Rules that are tried beside others on changes that really happened; nothing is touched. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.plan;
