package dev.hearth.chassis.health;

/**
 * The outcome of one named check.
 *
 * @param name what was checked, such as {@code kafka}
 * @param fine whether it is as it should be
 * @param sentence what was found, and the cure where something is wrong; no secrets
 */
public record Check(String name, boolean fine, String sentence) {}
