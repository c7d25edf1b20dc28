/** A snapshot's chunks against the changes that are published meanwhile; pure. */
@org.jspecify.annotations.NullMarked
package dev.hearth.ingest.rows;
