package dev.hearth.schemas.invalidation;

import dev.hearth.schemas.position.StreamMark;

/** A mark in the stream of invalidations; every partition gets its own copy. */
public record InvalidationMark(StreamMark mark) implements InvalidationRecord {}
