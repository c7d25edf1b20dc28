package dev.hearth.schemas.invalidation;

/** What the invalidations topic carries: single keys, and marks beside them. */
public sealed interface InvalidationRecord permits Invalidation, InvalidationMark {}
