/** What must no longer be believed, and as of which position. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.invalidation;
