/** Conditions of rules: which changes of a row matter. */
@org.jspecify.annotations.NullMarked
package dev.hearth.chassis.condition;
