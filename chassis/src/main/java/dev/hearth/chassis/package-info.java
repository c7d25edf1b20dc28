/**
 * What every main needs: components that start in order and close in reverse, and the wiring of the
 * rooms below.
 */
@NullMarked
package dev.hearth.chassis;

import org.jspecify.annotations.NullMarked;
