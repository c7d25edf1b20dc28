package dev.hearth.schemas.change;

/** What was done to a row, or to a whole table. */
public enum Operation {
  INSERT,
  UPDATE,
  DELETE,
  TRUNCATE
}
