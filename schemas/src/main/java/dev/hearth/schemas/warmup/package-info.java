/** What was asked to be warm, and how far it is. */
@org.jspecify.annotations.NullMarked
package dev.hearth.schemas.warmup;
