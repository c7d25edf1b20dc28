package dev.hearth.schemas.change;

import dev.hearth.schemas.position.StreamMark;

/** A mark in the stream of changes. */
public record ChangeMark(StreamMark mark) implements ChangeRecord {}
