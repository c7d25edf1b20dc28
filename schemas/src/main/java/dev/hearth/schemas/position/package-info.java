/**
 * Places in the history of a source, and the marks that travel beside changes and invalidations.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.position;
