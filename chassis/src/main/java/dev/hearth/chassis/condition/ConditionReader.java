package dev.hearth.chassis.condition;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelCall;
import dev.cel.parser.CelParser;
import dev.cel.parser.CelParserFactory;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the text of one condition: CEL's grammar and parser, and of it what is total. */
final class ConditionReader {
  /** Longer is no condition but a program. */
  private static final int LONGEST = 2000;

  private static final int DEEPEST = 40;

  /** Without macros: nothing repeats, so that the cost is that of the text. */
  private static final CelParser PARSER =
      CelParserFactory.standardCelParserBuilder()
          .setOptions(
              CelOptions.current()
                  .maxExpressionCodePointSize(LONGEST)
                  .maxParseRecursionDepth(DEEPEST)
                  .build())
          .build();

  private static final String EXPECTED =
      "; expected a condition such as before.amount != after.amount";
  private static final Term NOTHING =
      new Term.Literal(Value.Missing.UNKNOWN, Optional.empty(), "nothing");

  /** CEL's parser rounds to a double what has more. */
  private static final Pattern LONG_NUMBER =
      Pattern.compile("(?<![\\w.])([0-9]{19,}|[0-9]+[.][0-9]{15,}|(?=[0-9.]{17})[0-9]+[.][0-9]+)");

  private static final Pattern STRINGS = Pattern.compile("\"[^\"]*\"|'[^']*'");

  private final String text;
  private final List<String> problems;
  private final List<Typing.Demand> demands = new ArrayList<>();
  private final List<Term.Column> columns = new ArrayList<>();
  private Map<Long, Integer> positions = Map.of();

  ConditionReader(String text, List<String> problems) {
    this.text = text;
    this.problems = problems;
  }

  List<Typing.Demand> demands() {
    return demands;
  }

  /** Each as often as it stands there. */
  List<Term.Column> columns() {
    return columns;
  }

  /** What was read; without meaning where there were problems. */
  Predicate read() {
    Matcher number = LONG_NUMBER.matcher(STRINGS.matcher(text).replaceAll("\"\""));
    if (number.find()) {
      problems.add(
          number.group()
              + " has more digits than a number of the language holds; write number(\""
              + number.group()
              + "\")");
      return new Predicate.Fact(NOTHING);
    }
    CelValidationResult parsed = PARSER.parse(text, "when");
    try {
      CelAbstractSyntaxTree tree = parsed.getAst();
      positions = tree.getSource().getPositionsMap();
      return predicate(tree.getExpr());
    } catch (CelValidationException e) {
      CelIssue first = parsed.getErrors().get(0);
      problems.add(
          "it cannot be read at character "
              + (Math.max(0, first.getSourceLocation().getColumn()) + 1)
              + hint(first.getMessage()));
      return new Predicate.Fact(NOTHING);
    }
  }

  /** What users of SQL write first. */
  private String hint(String message) {
    String code = STRINGS.matcher(text).replaceAll("\"\"");
    if (text.length() > LONGEST || message.contains("depth") || message.contains("recursion")) {
      return ": it is longer than "
          + LONGEST
          + " characters or nested deeper than "
          + DEEPEST
          + " levels; write several rules";
    }
    record Habit(String sql, String instead) {}
    for (Habit habit :
        List.of(
            new Habit("<>", "!="),
            new Habit("(?<![=!<>])=(?!=)", "=="),
            new Habit("(?i)\\band\\b", "&&"),
            new Habit("(?i)\\bor\\b", "||"),
            new Habit("(?i)\\bis\\s+(not\\s+)?null\\b", "== null or != null"),
            new Habit("(?i)\\bnot\\b", "!"))) {
      if (Pattern.compile(habit.sql()).matcher(code).find()) {
        return "; write " + habit.instead() + EXPECTED;
      }
    }
    return EXPECTED;
  }

  private Predicate predicate(CelExpr expression) {
    return switch (expression.getKind()) {
      case CALL -> connective(expression, expression.call());
      case SELECT, CONSTANT, IDENT -> fact(expression);
      default -> refuse(expression, "this is no condition");
    };
  }

  private Predicate fact(CelExpr expression) {
    Term term = term(expression);
    demands.add(
        new Typing.Demand(
            term,
            new Term.Literal(new Value.Known(true), Optional.of(ColumnKind.BOOLEAN), "a condition"),
            Optional.empty(),
            place(expression)));
    return new Predicate.Fact(term);
  }

  private Predicate connective(CelExpr expression, CelCall call) {
    List<CelExpr> parts = call.args();
    Optional<Operator> operator = Operator.of(call.function());
    if (operator.isPresent()) {
      return compare(expression, operator.get(), term(parts.get(0)), term(parts.get(1)));
    }
    return switch (call.function()) {
      case "_&&_" -> new Predicate.And(predicate(parts.get(0)), predicate(parts.get(1)));
      case "_||_" -> new Predicate.Or(predicate(parts.get(0)), predicate(parts.get(1)));
      case "!_" -> new Predicate.Not(predicate(parts.get(0)));
      case "@in" -> in(expression, parts);
      case "startsWith" -> textTest(expression, call, Predicate.TextTest.Part.START);
      case "endsWith" -> textTest(expression, call, Predicate.TextTest.Part.END);
      case "contains" -> textTest(expression, call, Predicate.TextTest.Part.ANYWHERE);
      case "_[_]" -> fact(expression);
      default -> refuse(expression, "'" + name(call) + "' is no condition");
    };
  }

  private Predicate compare(CelExpr at, Operator operator, Term left, Term right) {
    demands.add(new Typing.Demand(left, right, Optional.of(operator), place(at)));
    return new Predicate.Comparison(operator, left, right);
  }

  private Predicate in(CelExpr expression, List<CelExpr> parts) {
    if (parts.get(1).getKind() != CelExpr.ExprKind.Kind.LIST
        || parts.get(1).list().elements().isEmpty()) {
      return refuse(expression, "'in' needs a list such as [1, 2]");
    }
    Term term = term(parts.get(0));
    return parts.get(1).list().elements().stream()
        .map(element -> compare(element, Operator.EQUAL, term, term(element)))
        .reduce(Predicate.Or::new)
        .orElseThrow();
  }

  private Predicate textTest(CelExpr expression, CelCall call, Predicate.TextTest.Part part) {
    if (call.target().isEmpty() || call.args().size() != 1) {
      return refuse(
          expression,
          "'"
              + call.function()
              + "' is asked of a column, such as after.name."
              + call.function()
              + "(\"x\")");
    }
    Term whole = term(call.target().get());
    Term piece = term(call.args().get(0));
    Term text =
        new Term.Literal(
            new Value.Known(""),
            Optional.of(ColumnKind.TEXT),
            "what " + call.function() + " takes");
    demands.add(new Typing.Demand(whole, text, Optional.empty(), place(expression)));
    demands.add(new Typing.Demand(piece, text, Optional.empty(), place(expression)));
    return new Predicate.TextTest(part, whole, piece);
  }

  private Term term(CelExpr expression) {
    return switch (expression.getKind()) {
      case CONSTANT -> literal(expression);
      case SELECT -> column(expression, expression.select().operand(), expression.select().field());
      case CALL -> calculated(expression, expression.call());
      case IDENT ->
          nothing(
              expression,
              "'"
                  + expression.ident().name()
                  + "' is no value; write before."
                  + expression.ident().name()
                  + " or after."
                  + expression.ident().name());
      default -> nothing(expression, "this is no value");
    };
  }

  private Term literal(CelExpr expression) {
    CelConstant constant = expression.constant();
    return switch (constant.getKind()) {
      case NULL_VALUE -> new Term.Literal(Value.Missing.NULL, Optional.empty(), "null");
      case BOOLEAN_VALUE ->
          known(constant.booleanValue(), ColumnKind.BOOLEAN, "" + constant.booleanValue());
      case INT64_VALUE -> number(BigDecimal.valueOf(constant.int64Value()));
      case UINT64_VALUE -> number(new BigDecimal(constant.uint64Value().bigIntegerValue()));
      case DOUBLE_VALUE ->
          Double.isFinite(constant.doubleValue())
              ? number(BigDecimal.valueOf(constant.doubleValue()))
              : nothing(expression, "the number is too large");
      case STRING_VALUE ->
          known(constant.stringValue(), ColumnKind.TEXT, '"' + constant.stringValue() + '"');
      default -> nothing(expression, "this is no value that a column can have");
    };
  }

  private static Term number(BigDecimal value) {
    return known(PgNumber.of(value), ColumnKind.NUMBER, value.toPlainString());
  }

  private static Term known(Comparable<?> content, ColumnKind kind, String words) {
    return new Term.Literal(new Value.Known(content), Optional.of(kind), words);
  }

  private Term calculated(CelExpr expression, CelCall call) {
    return switch (call.function()) {
      case "_+_" -> arithmetic(expression, '+', term(call.args().get(0)), call.args().get(1));
      case "_-_" -> arithmetic(expression, '-', term(call.args().get(0)), call.args().get(1));
      case "_*_" -> arithmetic(expression, '*', term(call.args().get(0)), call.args().get(1));
      case "-_" -> arithmetic(expression, '-', number(BigDecimal.ZERO), call.args().get(0));
      case "_/_", "_%_" ->
          nothing(
              expression,
              "a division has no result where the divisor is 0; write it as a product, such as"
                  + " after.amount * 100 > before.amount * 105");
      case "number" -> cast(expression, call, ColumnKind.NUMBER, "\"10.50\"");
      case "date" -> cast(expression, call, ColumnKind.DATE, "\"2024-01-31\"");
      case "timestamp" -> cast(expression, call, ColumnKind.TIMESTAMP, "\"2024-01-31T10:00:00Z\"");
      case "_[_]" -> {
        CelExpr index = call.args().get(1);
        yield index.getKind() == CelExpr.ExprKind.Kind.CONSTANT
                && index.constant().getKind() == CelConstant.Kind.STRING_VALUE
            ? column(expression, call.args().get(0), index.constant().stringValue())
            : nothing(expression, "write a column as before.name or before[\"name\"]");
      }
      default ->
          nothing(
              expression,
              "'"
                  + name(call)
                  + "' gives no value here; expected a column, a constant, + - *, or number(…),"
                  + " date(…), timestamp(…)");
    };
  }

  private Term arithmetic(CelExpr expression, char operator, Term left, CelExpr other) {
    Term right = term(other);
    Term number = number(BigDecimal.ZERO);
    for (Term part : List.of(left, right)) {
      demands.add(
          new Typing.Demand(
              part,
              new Term.Literal(
                  Value.Missing.UNKNOWN,
                  Optional.of(ColumnKind.NUMBER),
                  "what " + operator + " takes"),
              Optional.empty(),
              place(expression)));
    }
    return new Term.Arithmetic(operator, left == NOTHING ? number : left, right);
  }

  private Term cast(CelExpr expression, CelCall call, ColumnKind kind, String example) {
    if (call.target().isPresent() || call.args().size() != 1) {
      return nothing(expression, call.function() + " takes one value, such as " + example);
    }
    CelExpr argument = call.args().get(0);
    if (argument.getKind() == CelExpr.ExprKind.Kind.CONSTANT) {
      if (argument.constant().getKind() != CelConstant.Kind.STRING_VALUE) {
        return nothing(expression, call.function() + " takes a text, such as " + example);
      }
      String content = argument.constant().stringValue();
      Optional<Value> value = Value.read(kind, content);
      return value.isPresent()
          ? new Term.Literal(
              value.get(), Optional.of(kind), call.function() + "(\"" + content + "\")")
          : nothing(
              expression,
              "\"" + content + "\" is not " + kind.words() + "; expected such as " + example);
    }
    Term term = term(argument);
    if (!(term instanceof Term.Column column) || column.cast().isPresent()) {
      return term == NOTHING
          ? term
          : nothing(expression, call.function() + " takes a column or a text, such as " + example);
    }
    columns.remove(columns.size() - 1);
    return keep(new Term.Column(column.old(), column.name(), Optional.of(kind)));
  }

  private Term column(CelExpr expression, CelExpr row, String name) {
    String of = row.getKind() == CelExpr.ExprKind.Kind.IDENT ? row.ident().name() : "";
    if (!of.equals("before") && !of.equals("after")) {
      return nothing(
          expression,
          "'"
              + (of.isEmpty() ? "…" : of)
              + "."
              + name
              + "' is neither of the row before nor after; write before."
              + name
              + " or after."
              + name);
    }
    return keep(new Term.Column(of.equals("before"), name, Optional.empty()));
  }

  private Term keep(Term.Column column) {
    columns.add(column);
    return column;
  }

  private Predicate refuse(CelExpr expression, String why) {
    nothing(expression, why);
    return new Predicate.Fact(NOTHING);
  }

  private Term nothing(CelExpr expression, String why) {
    problems.add(why + " (" + place(expression) + ")");
    return NOTHING;
  }

  private String place(CelExpr expression) {
    return "at character " + (positions.getOrDefault(expression.id(), 0) + 1);
  }

  /** As it is written. */
  private static String name(CelCall call) {
    String function = call.function();
    return function.equals("_?_:_") ? "?:" : function.replace("_", "").replace("@", "");
  }
}
