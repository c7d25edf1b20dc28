/** What the database did. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.change;
