/**
 * What is known of rows beyond what one change carries: a state store of the columns that rules
 * need, for old values and for joins.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator.rows;
