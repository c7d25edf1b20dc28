package dev.hearth.chassis.condition;

/** What is true, false or unknown of a change. Immutable. */
sealed interface Predicate {

  /**
   * The truth; from left to right, and no further than needed, so that what stands on the left can
   * keep values away that cannot be read.
   *
   * @throws ConditionFailedException if a row has a value of another kind
   */
  Truth evaluate(Rows rows, Typing typing);

  /** A comparison of two terms of one kind. */
  record Comparison(Operator operator, Term left, Term right) implements Predicate {
    @Override
    public Truth evaluate(Rows rows, Typing typing) {
      return operator.test(left.evaluate(rows, typing), right.evaluate(rows, typing));
    }
  }

  /** A term that is true or false by itself. */
  record Fact(Term term) implements Predicate {
    @Override
    public Truth evaluate(Rows rows, Typing typing) {
      return term.evaluate(rows, typing) instanceof Value.Known known
              && known.content() instanceof Boolean truth
          ? Truth.of(truth)
          : Truth.UNKNOWN;
    }
  }

  /** Whether a text has another one in it. */
  record TextTest(Part part, Term text, Term wanted) implements Predicate {
    enum Part {
      START,
      END,
      ANYWHERE
    }

    @Override
    public Truth evaluate(Rows rows, Typing typing) {
      if (text.evaluate(rows, typing) instanceof Value.Known whole
          && whole.content() instanceof String found
          && wanted.evaluate(rows, typing) instanceof Value.Known piece
          && piece.content() instanceof String looked) {
        return Truth.of(
            switch (part) {
              case START -> found.startsWith(looked);
              case END -> found.endsWith(looked);
              case ANYWHERE -> found.contains(looked);
            });
      }
      return Truth.UNKNOWN;
    }
  }

  /** Both. */
  record And(Predicate left, Predicate right) implements Predicate {
    @Override
    public Truth evaluate(Rows rows, Typing typing) {
      Truth first = left.evaluate(rows, typing);
      return first == Truth.FALSE ? first : first.and(right.evaluate(rows, typing));
    }
  }

  /** At least one. */
  record Or(Predicate left, Predicate right) implements Predicate {
    @Override
    public Truth evaluate(Rows rows, Typing typing) {
      Truth first = left.evaluate(rows, typing);
      return first == Truth.TRUE ? first : first.or(right.evaluate(rows, typing));
    }
  }

  /** The opposite. */
  record Not(Predicate of) implements Predicate {
    @Override
    public Truth evaluate(Rows rows, Typing typing) {
      return of.evaluate(rows, typing).not();
    }
  }
}
