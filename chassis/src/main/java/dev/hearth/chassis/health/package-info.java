/** Health: whether the main loops still turn, and whether the service can do its work. */
@NullMarked
package dev.hearth.chassis.health;

import org.jspecify.annotations.NullMarked;
