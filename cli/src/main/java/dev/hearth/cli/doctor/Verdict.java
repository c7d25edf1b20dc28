package dev.hearth.cli.doctor;

import java.util.Optional;

/**
 * What a check came to. Immutable.
 *
 * @param sentence what was found, and why it matters where it does
 * @param cure a command or statement to run; empty where there is nothing to mend, or no one way
 */
public record Verdict(Severity severity, String sentence, Optional<String> cure) {

  /** How bad it is. */
  public enum Severity {
    OK,
    /** Works, at a cost or a risk. */
    WARNING,
    /** Could not be told; the sentence says why. */
    UNKNOWN,
    /** The services cannot work, or cannot keep their promise. */
    PROBLEM
  }

  static Verdict ok(String sentence) {
    return new Verdict(Severity.OK, sentence, Optional.empty());
  }

  static Verdict warning(String sentence) {
    return new Verdict(Severity.WARNING, sentence, Optional.empty());
  }

  static Verdict warning(String sentence, String cure) {
    return new Verdict(Severity.WARNING, sentence, Optional.of(cure));
  }

  static Verdict unknown(String sentence) {
    return new Verdict(Severity.UNKNOWN, sentence, Optional.empty());
  }

  static Verdict unknown(String sentence, String cure) {
    return new Verdict(Severity.UNKNOWN, sentence, Optional.of(cure));
  }

  static Verdict problem(String sentence) {
    return new Verdict(Severity.PROBLEM, sentence, Optional.empty());
  }

  static Verdict problem(String sentence, String cure) {
    return new Verdict(Severity.PROBLEM, sentence, Optional.of(cure));
  }
}
