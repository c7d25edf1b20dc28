/** Owns the connection to the source: engine, slot, publication. */
@org.jspecify.annotations.NullMarked
package dev.hearth.ingest.capture;
