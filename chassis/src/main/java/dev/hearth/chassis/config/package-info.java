/**
 * Configuration: one YAML file, overlaid by environment and flags, with every problem reported at
 * once.
 */
@NullMarked
package dev.hearth.chassis.config;

import org.jspecify.annotations.NullMarked;
