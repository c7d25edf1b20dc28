package dev.hearth.chassis.condition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionTest {
  private static final Map<String, ColumnType> PRODUCT =
      Map.of(
          "id", new ColumnType(ColumnKind.NUMBER, "integer"),
          "name", new ColumnType(ColumnKind.TEXT, "text"),
          "code", new ColumnType(ColumnKind.TEXT, "character(5)"),
          "mail", new ColumnType(ColumnKind.TEXT, "citext"),
          "uid", new ColumnType(ColumnKind.TEXT, "uuid"),
          "state", new ColumnType(ColumnKind.TEXT, "state", List.of("draft", "live")),
          "live", new ColumnType(ColumnKind.BOOLEAN, "boolean"),
          "day", new ColumnType(ColumnKind.DATE, "date"),
          "at", new ColumnType(ColumnKind.TIMESTAMP, "timestamp with time zone"),
          "tags", new ColumnType(ColumnKind.OTHER, "jsonb"));

  /** What an update from one row to another means, as a PostgreSQL user expects. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "NULL",
      value = {
        "before.a != after.a | 1 | 2 | true",
        "before.a != after.a | 1 | 1 | false",
        "before.a != after.a | NULL | 1 | true",
        "before.a != after.a | 1 | NULL | true",
        "before.a != after.a | NULL | NULL | false",
        // Of no kind: 10 and 10.0 may be one number, and then it is in doubt.
        "before.a != after.a | 10 | 10.0 | true",
        "before.a == after.a | 10 | 10.0 | true",
        "before.a != after.a | '' | NULL | true",
        "number(before.a) != number(after.a) | 10 | 10.0 | false",
        "number(before.a) != number(after.a) | 10 | 10.01 | true",
        "after.a > 9 | 0 | 10 | true",
        "after.a > 9 | 0 | 9 | false",
        "after.a == 10 | 0 | 10.0 | true",
        "after.a == 10.0 | 0 | 10 | true",
        "after.a == 0 | 5 | -0.0 | true",
        "after.a >= -1.5 | -7 | -1.50 | true",
        "after.a == 9007199254740993 | 0 | 9007199254740992 | false",
        "after.a == number('0.1000000000000000000001') | 0 | 0.1 | false",
        "after.a > 1000000 | 0 | NaN | true",
        "after.a > 1000000 | 0 | Infinity | true",
        "after.a < 1000000 | 9999999 | -Infinity | true",
        "before.a * 1.05 < after.a | 100 | 105 | false",
        "before.a * 1.05 < after.a | 100 | 105.01 | true",
        "after.a - before.a > 10 | 100 | 110 | false",
        "after.a - before.a > 10 | 100 | 111 | true",
        // An order with NULL is unknown, and so are sums; unknown is never false.
        "after.a > 9 | 0 | NULL | true",
        "!(after.a > 9) | 10 | NULL | true",
        "after.a != null && after.a > 9 | 0 | NULL | false",
        "after.a - before.a > 10 | NULL | 1 | true",
        "after.a == null | 1 | NULL | true",
        "after.a == null | 1 | 2 | false",
        "after.a != null && before.a == null | NULL | 2 | true",
        "after.a == 'x' | y | x | true",
        "after.a == 'x' | y | X | false",
        "after.a in ['x', 'y'] | a | y | true",
        "after.a in ['x', 'y'] | a | b | false",
        "after.a in [1, 2.50] | 0 | 2.5 | true",
        "!(after.a in ['x']) && before.a in ['x'] | x | NULL | true",
        "after.a.startsWith('ab') | x | abc | true",
        "after.a.startsWith('ab') | x | bab | false",
        "after.a.endsWith('bc') | x | abc | true",
        "after.a.contains('b') && !after.a.contains('x') | x | abc | true",
        "after.a | false | true | true",
        "before.a && !after.a | true | false | true",
        "before.a && !after.a | true | true | false",
        "after.a == true | false | false | false",
        "date(after.a) > date('2024-01-31') | 2020-01-01 | 2024-02-01 | true",
        "date(after.a) > date('2024-01-31') | 2020-01-01 | 2024-01-31 | false",
        "date(after.a) > date('2024-01-31') | 2020-01-01 | infinity | true",
        "date(after.a) < date('0001-01-01') | 2020-01-01 | -0043-03-15 | true",
        "after.a < timestamp('2024-01-31T10:00:00Z') | 2030-01-01T00:00:00Z | 2024-01-31T09:59:59.999999Z | true",
        "after.a < timestamp('2024-01-31T12:00:00+02:00') | 2030-01-01T00:00:00Z | 2024-01-31T10:00:00Z | false",
        "after.a == timestamp('2024-01-31 10:00:00') | 2030-01-01T00:00:00Z | 2024-01-31T10:00:00.000 | true",
        "before['a'] != after['a'] | 1 | 2 | true",
      })
  void isTrueOrFalseOfAnUpdate(
      String text, @Nullable String old, @Nullable String now, boolean matters) {
    assertThat(matters(Condition.parse(text), row("a", old), row("a", now))).isEqualTo(matters);
  }

  @Test
  void aRowThatAppearsOrGoesMattersWhereBothRowsAreCompared() {
    Condition changed = Condition.parse("before.amount != after.amount");

    assertThat(changed.matters(Optional.empty(), Optional.of(row("amount", "1")))).isTrue();
    assertThat(changed.matters(Optional.empty(), Optional.of(row("amount", null)))).isTrue();
    assertThat(changed.matters(Optional.of(row("amount", "1")), Optional.empty())).isTrue();
    assertThat(changed.matters(Optional.of(row("amount", null)), Optional.empty())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"after.live", "before.live"})
  void aConditionThatReadsOneRowIsAskedOfBoth(String text) {
    Condition live = Condition.parse(text);
    Map<String, @Nullable String> yes = row("live", "true");
    Map<String, @Nullable String> no = row("live", "false");

    assertThat(matters(live, yes, no)).as("it ceases to be shown").isTrue();
    assertThat(matters(live, no, yes)).isTrue();
    assertThat(matters(live, no, no)).isFalse();
    assertThat(live.matters(Optional.empty(), Optional.of(no))).isFalse();
    assertThat(live.matters(Optional.empty(), Optional.of(yes))).isTrue();
    assertThat(live.matters(Optional.of(no), Optional.empty())).isFalse();
    assertThat(live.matters(Optional.of(yes), Optional.empty())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "before.a != after.a",
        "before.a == after.a",
        "after.a > 5",
        "!(after.a > 5)",
        "after.a",
        "!after.a",
        "before.a && !after.a",
        "after.a in ['x']",
        "!(after.a in ['x'])",
        "after.a.contains('x')",
        "!after.a.contains('x')",
        "after.a - before.a > 1",
        "date(after.a) > date('2020-01-01')",
      })
  void whatIsNotKnownIsNeverFalse(String text) {
    assertThat(matters(Condition.parse(text), Map.of(), Map.of())).isTrue();
  }

  @Test
  void whatIsKnownDecidesBesideWhatIsNot() {
    Condition both = Condition.parse("before.a != after.a && after.b > 5");

    assertThat(matters(both, Map.of(), row("b", "4"))).isFalse();
    assertThat(matters(both, Map.of(), row("b", "6"))).isTrue();
  }

  @Test
  void aLongNumberIsNotCalculatedWith() {
    Condition large = Condition.parse("after.a < 5");
    assertThat(matters(large, row("a", "9"), row("a", "9".repeat(100_000)))).isTrue();

    Condition product = Condition.parse("after.a * after.a * after.a < before.a");
    assertThat(matters(product, row("a", "1"), row("a", "9".repeat(900)))).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "after.a > 5 | twelve | after.a has a value that is not a number",
        "after.a > 5 | 1e9 | after.a has a value that is not a number",
        "after.a | yes | after.a has a value that is not true or false",
        "date(after.a) > date('2020-01-01') | soon | after.a has a value that is not a date",
        "after.a > timestamp('2020-01-01T00:00:00Z') | soon | after.a has a value that is not a timestamp",
      })
  void failsOnAValueThatIsNotWhatItIsComparedAs(String text, String value, String sentence) {
    Condition condition = Condition.parse(text);

    assertThatThrownBy(() -> condition.matters(Optional.empty(), Optional.of(row("a", value))))
        .isInstanceOf(ConditionFailedException.class)
        .hasMessage(sentence)
        .hasMessageNotContaining(value);
  }

  @Test
  void whatStandsOnTheLeftKeepsValuesAway() {
    Condition guarded = Condition.parse("after.kind == 'n' && number(after.text) > 5");
    Map<String, @Nullable String> row = row("text", "twelve");
    row.put("kind", "t");

    assertThat(guarded.matters(Optional.empty(), Optional.of(row))).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "before.a = after.a | it cannot be read at character 10; write ==; expected a condition such as before.amount != after.amount",
        "before.a <> after.a | it cannot be read at character 11; write !=; expected",
        "before.a == 1 and after.a == 2 | write &&",
        "before.a == 1 or after.a == 2 | write ||",
        "after.a is null | write == null or != null",
        "after.a > | it cannot be read at character 10; expected a condition such as",
        "amount > 5 | 'amount' is no value; write before.amount or after.amount (at character 1)",
        "new.amount > 5 | 'new.amount' is neither of the row before nor after; write before.amount or after.amount (at character",
        "after.a > 5 && after.a == 'x' | after.a is a number and \"x\" is text at character 24; compare like with like",
        "after.a > '5' | after.a > \"5\" has no order that is the database's own at character 9",
        "after.a < before.a | after.a < before.a does not say what is compared at character 9; write number(after.a) < before.a, or date(…), or timestamp(…)",
        "after.a < null | nothing is above or below null at character 9; write == null or != null",
        "after.a / 2 > 1 | a division has no result where the divisor is 0; write it as a product",
        "after.a > 1 ? true : false | '?:' is no condition",
        "5 | 5 is a number and a condition is true or false at character 1",
        "true | it reads no column",
        "after.a.size() > 1 | 'size' gives no value here",
        "after.a.matches('x') | 'matches' is no condition",
        "[1].exists(x, x == after.a) | 'exists' is no condition",
        "after.a in before.b | 'in' needs a list such as [1, 2]",
        "after.a == date('soon') | \"soon\" is not a date; expected such as \"2024-01-31\"",
        "after.a == 1234567890.1234567890 | 1234567890.1234567890 has more digits than a number of the language holds; write number(\"1234567890.1234567890\")",
        "after.a == 1e999 | the number is too large",
        "!(after.a) > 1 | gives no value here",
        "getClass() == 1 | 'getClass' gives no value here",
      })
  void saysWhatIsWrong(String text, String sentence) {
    assertThatThrownBy(() -> Condition.parse(text))
        .isInstanceOf(ConditionException.class)
        .hasMessageStartingWith("\"" + text + "\": ")
        .hasMessageContaining(sentence.endsWith("…") ? sentence.substring(0, 10) : sentence);
  }

  @Test
  void saysAllThatIsWrong() {
    ConditionException refused =
        catchThrowableOfType(
            ConditionException.class,
            () -> Condition.parse("amount > 5 && after.a / 2 == 1 && after.b < null"));

    assertThat(refused.problems()).hasSize(3);
  }

  @Test
  void refusesATextThatWouldCostMoreThanAConditionMay() {
    String deep = "!(".repeat(200) + "after.a" + ")".repeat(200);
    String longOne =
        String.join(" || ", IntStream.range(0, 300).mapToObj(i -> "after.a == " + i).toList());

    assertThatThrownBy(() -> Condition.parse(deep)).hasMessageContaining("write several rules");
    assertThatThrownBy(() -> Condition.parse(longOne)).hasMessageContaining("write several rules");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "after.name > 5 | after.name is compared as a number, and public.product.name is text; compare it with a text, such as after.name == \"x\", or write number(after.name) where the text is a number",
        "after.id == 'x' | after.id is compared as text, and public.product.id is integer; compare it with a number, such as after.id == 10",
        "after.live == 'true' | after.live is compared as text, and public.product.live is boolean; write after.live or !after.live",
        "after.day == '2024-01-31' | public.product.day is date; compare it with a date, such as after.day < date(\"2024-01-31\")",
        "number(after.at) > 1 | public.product.at is timestamp with time zone; compare it with a timestamp",
        "after.tags == 'x' | public.product.tags is jsonb; it can only be compared with itself or null",
        "before.id != after.name | public.product.id is integer and name is text (at character 11); compare like with like",
        "after.uid == 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' | public.product.uid is uuid: a uuid is compared in lower case",
        "after.state in ['live', 'gone'] | public.product.state is state: state has no label \"gone\", but \"draft\", \"live\" (at character 25)",
        "after.code == 'ab' | its values are padded with spaces to 5 characters; write all of them, such as \"ab   \"",
        "after.mail == 'a@b' | citext is equal to what differs in case",
      })
  void saysWhatDoesNotFitTheLiveSchema(String text, String sentence) {
    assertThat(problems(text)).singleElement().asString().contains("\"" + text + "\": ", sentence);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "before.id != after.id",
        "before.tags != after.tags",
        "before.mail != after.mail",
        "after.id > 5 && after.live && after.name == 'x'",
        "number(after.name) > 5",
        "after.day > date('2024-01-31') && after.at > timestamp('2024-01-31T00:00:00Z')",
        "after.uid == 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        "after.state == 'draft' || after.code == 'abcde'",
        "after.unheard == 1",
      })
  void hasNothingToSayOfWhatFits(String text) {
    assertThat(problems(text)).isEmpty();
  }

  @Test
  void namesTheColumnsThatItReads() {
    assertThat(Condition.parse("before.a != after.b && after['C d'] == 1").columns())
        .containsExactly("a", "b", "C d");
  }

  private static List<String> problems(String text) {
    return Condition.parse(text)
        .problems("public.product", column -> Optional.ofNullable(PRODUCT.get(column)));
  }

  private static boolean matters(
      Condition condition,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after) {
    return condition.matters(Optional.of(before), Optional.of(after));
  }

  private static Map<String, @Nullable String> row(String column, @Nullable String value) {
    Map<String, @Nullable String> row = new HashMap<>();
    row.put(column, value);
    return row;
  }
}
