/** Database log to the changes topic: this package wires the rooms. */
@org.jspecify.annotations.NullMarked
package dev.hearth.ingest;
