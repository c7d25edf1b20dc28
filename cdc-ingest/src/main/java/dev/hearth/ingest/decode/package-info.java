/** Source record to change, or a named refusal; pure. */
@org.jspecify.annotations.NullMarked
package dev.hearth.ingest.decode;
