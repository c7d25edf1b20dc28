package dev.hearth.schemas.change;

/** What the changes topic carries: changes of rows, marks, and rows that were asked for. */
public sealed interface ChangeRecord permits ChangeEvent, ChangeMark, SnapshotRow, SnapshotEnd {}
