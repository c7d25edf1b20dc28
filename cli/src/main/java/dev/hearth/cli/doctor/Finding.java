package dev.hearth.cli.doctor;

/**
 * One line of the doctor's.
 *
 * @param server that was asked, such as {@code PostgreSQL}
 * @param check what was looked at, one or two words
 */
public record Finding(String server, String check, Verdict verdict) {}
