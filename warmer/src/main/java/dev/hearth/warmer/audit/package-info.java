/** Compares cached entries with the database. */
@org.jspecify.annotations.NullMarked
package dev.hearth.warmer.audit;
