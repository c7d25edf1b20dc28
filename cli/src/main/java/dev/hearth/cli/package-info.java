/** The hearth command, and the services wired into one process. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli;
