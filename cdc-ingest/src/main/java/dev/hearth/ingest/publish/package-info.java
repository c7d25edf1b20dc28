/** Acknowledged publishing; what was published survives here. */
@org.jspecify.annotations.NullMarked
package dev.hearth.ingest.publish;
