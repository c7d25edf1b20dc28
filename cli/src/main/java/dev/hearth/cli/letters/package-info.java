/** Records that were set aside: read, understood, and put back where that is sound. */
@org.jspecify.annotations.NullMarked
package dev.hearth.cli.letters;
