package dev.hearth.chassis.condition;

/** What a value is compared as. */
public enum ColumnKind {
  NUMBER("a number"),
  /** Also uuids and enums. */
  TEXT("text"),
  BOOLEAN("true or false"),
  DATE("a date"),
  /** With or without time zone; a row's text has it in UTC. */
  TIMESTAMP("a timestamp"),
  /** Anything else, which can only be the same or not. */
  OTHER("of a type without an order");

  private final String words;

  ColumnKind(String words) {
    this.words = words;
  }

  /** For a sentence, such as {@code a number}. */
  public String words() {
    return words;
  }
}
