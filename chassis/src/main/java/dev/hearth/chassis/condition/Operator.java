package dev.hearth.chassis.condition;

import java.util.Optional;

/** How two values are compared. */
enum Operator {
  EQUAL("=="),
  NOT_EQUAL("!="),
  LESS("<"),
  AT_MOST("<="),
  GREATER(">"),
  AT_LEAST(">=");

  private final String sign;

  Operator(String sign) {
    this.sign = sign;
  }

  String sign() {
    return sign;
  }

  boolean isOrder() {
    return this != EQUAL && this != NOT_EQUAL;
  }

  /** By the name that CEL's parser gives it. */
  static Optional<Operator> of(String function) {
    for (Operator operator : values()) {
      if (function.equals("_" + operator.sign + "_")) {
        return Optional.of(operator);
      }
    }
    return Optional.empty();
  }

  Truth test(Value left, Value right) {
    return switch (this) {
      case EQUAL -> Value.equal(left, right);
      case NOT_EQUAL -> Value.equal(left, right).not();
      case LESS -> Value.ordered(left, right, sign -> sign < 0);
      case AT_MOST -> Value.ordered(left, right, sign -> sign <= 0);
      case GREATER -> Value.ordered(left, right, sign -> sign > 0);
      case AT_LEAST -> Value.ordered(left, right, sign -> sign >= 0);
    };
  }
}
