package dev.hearth.cli.plan;

import dev.hearth.invalidator.derivation.KnownRows;
import dev.hearth.invalidator.derivation.RowLookup;
import java.util.HashMap;
import java.util.Map;

/**
 * The look-ups of one change, each asked of the source once, however many rules want it. By one
 * thread.
 */
final class Lookups implements RowLookup {
  private final PresentRows source;
  private final Map<Question, Answer> answers = new HashMap<>();
  private long asked;
  private boolean unanswered;

  Lookups(PresentRows source) {
    this.source = source;
  }

  private record Question(String table, String column, String value) {}

  private record Answer(KnownRows.Found found, int limit) {
    boolean says(int wanted) {
      return !(found instanceof KnownRows.Found.TooMany) || wanted <= limit;
    }
  }

  /** Of another change: what was found is of no use any more. */
  void next() {
    answers.clear();
  }

  /** Before something is derived. */
  void begin() {
    unanswered = false;
  }

  /** Whether a look-up since then was not answered. */
  boolean isUnanswered() {
    return unanswered;
  }

  /** How often the source was asked. */
  long asked() {
    return asked;
  }

  @Override
  public KnownRows.Found find(String table, String column, String value, boolean after, int limit) {
    Question question = new Question(table, column, value);
    Answer answer = answers.get(question);
    if (answer == null || !answer.says(limit)) {
      asked++;
      answer = new Answer(source.find(table, column, value, limit), limit);
      answers.put(question, answer);
    }
    unanswered |= answer.found() instanceof KnownRows.Found.NotKnown;
    return answer.found() instanceof KnownRows.Found.Matches matches
            && matches.rows().size() > limit
        ? new KnownRows.Found.TooMany()
        : answer.found();
  }
}
