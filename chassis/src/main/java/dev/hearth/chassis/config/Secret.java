package dev.hearth.chassis.config;

import com.fasterxml.jackson.annotation.JsonCreator;

/**
 * A value that must not be seen: it prints as {@code ***}.
 *
 * @param reveal the value itself, for the one who logs in with it
 */
public record Secret(String reveal) {

  static final String MASK = "***";

  /** The secret that {@code text} is. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static Secret of(String text) {
    return new Secret(text);
  }

  @Override
  public String toString() {
    return MASK;
  }
}
