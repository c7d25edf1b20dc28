/** The visibility gate, positions and watermarks. */
@org.jspecify.annotations.NullMarked
package dev.hearth.ingest.position;
