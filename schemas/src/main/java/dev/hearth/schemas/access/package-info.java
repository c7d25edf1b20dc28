/** How often keys are read. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.access;
