package dev.hearth.schemas.change;

/** What the changes topic carries: changes of rows, and marks beside them. */
public sealed interface ChangeRecord permits ChangeEvent, ChangeMark {}
