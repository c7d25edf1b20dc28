/**
 * What happened to each key: the last events of it, kept on disk within bounds, and their story.
 */
@org.jspecify.annotations.NullMarked
package dev.hearth.invalidator.lineage;
