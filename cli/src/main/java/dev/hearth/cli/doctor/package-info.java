/** What has to be so before the services can work, asked of each server; a file for each. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.doctor;
