package dev.hearth.schemas.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyTemplateTest {

  @Test
  void rendersTheColumnsOfARow() {
    KeyTemplate template = KeyTemplate.parse("price:{product_id}:{currency}");

    Optional<String> key =
        template.render(
            column ->
                Optional.ofNullable(Map.of("product_id", "42", "currency", "EUR").get(column)));

    assertThat(key).contains("price:42:EUR");
    assertThat(template.columns()).containsExactly("product_id", "currency");
  }

  @Test
  void aColumnWithoutAValueNamesNoKey() {
    assertThat(KeyTemplate.parse("category:{id}").render(column -> Optional.empty())).isEmpty();
  }

  @Test
  void templatesThatDifferOnlyInColumnNamesNameTheSameKeys() {
    assertThat(KeyTemplate.parse("product:{product_id}").shape())
        .isEqualTo(KeyTemplate.parse("product:{product.id}").shape())
        .isEqualTo("product:{}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "product | names no column",
        "'' | names no column",
        "product:{id | has a '{' without its '}'",
        "product:id} | has a '}' without its '{'",
        "product:{} | which is no column name",
        "product:{a b} | which is no column name",
        "product:{a.b.c} | which is no column name",
        "product:{a}{b} | two columns with nothing between them",
        "product:{a:big} | 'big' is no format; expected upper, lower, urlencode, trim, compact, pad:8 or date:yyyy-MM-dd",
        "product:{a:pad} | the format 'pad' takes a number of digits from 1 to 40; write such as {column:pad:8}",
        "product:{a:pad:0} | the format 'pad' takes a number of digits",
        "product:{a:upper:1} | the format 'upper' takes nothing behind it; write {column:upper}",
        "product:{a:date:YYYY} | the format 'date' takes a pattern of y, M, d, H, m, s, S and signs",
        "product:{a:date:} | the format 'date' takes a pattern",
        "product:{a:date:-} | the format 'date' takes a pattern",
        "product:{:upper} | which is no column name",
      })
  void saysWhatIsWrong(String text, String sentence) {
    assertThatThrownBy(() -> KeyTemplate.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"")
        .hasMessageContaining(sentence);
  }

  @Test
  void readsBackWhatItRendered() {
    KeyTemplate template = KeyTemplate.parse("a:{x}:b:{y}");
    Cases.check(
        1_000,
        random -> {
          Map<String, String> row =
              Map.of(
                  "x",
                  Integer.toString(random.nextInt()),
                  "y",
                  Long.toHexString(random.nextLong()));

          String key =
              template.render(column -> Optional.ofNullable(row.get(column))).orElseThrow();

          assertThat(template.parseKey(key)).contains(row);
        });
    assertThat(template.parseKey("a:1:c:2")).isEmpty();
  }

  @Test
  void readsBackEveryKeyThatNamesOneRowOnlyAndNoOther() {
    KeyTemplate template = KeyTemplate.parse("{x}:{y}-{z}");
    AtomicInteger ambiguous = new AtomicInteger();
    Cases.check(
        2_000,
        random -> {
          Map<String, String> row =
              Map.of("x", pieces(random), "y", pieces(random), "z", pieces(random));

          String key =
              template.render(column -> Optional.ofNullable(row.get(column))).orElseThrow();

          Optional<Map<String, String>> read = template.parseKey(key);
          if (read.isEmpty()) {
            ambiguous.incrementAndGet();
            assertThat(rowsWithTheKey(key)).as(key).isGreaterThan(1);
          } else {
            assertThat(rowsWithTheKey(key)).as(key).isEqualTo(1);
            assertThat(read).contains(row);
          }
        });
    assertThat(ambiguous.get()).isPositive();
  }

  @Test
  void aColumnThatStandsTwiceHasOneValue() {
    KeyTemplate template = KeyTemplate.parse("{id}/{id}");

    assertThat(template.parseKey("7/7")).contains(Map.of("id", "7"));
    assertThat(template.parseKey("7/8")).isEmpty();
  }

  @Test
  void writesValuesInTheirFormats() {
    KeyTemplate template =
        KeyTemplate.parse("o:{id:pad:6}:{code:lower}:{day:date:yyyyMMdd}:{uid:compact}:{n:trim}");

    assertThat(
            template.render(
                column ->
                    Optional.ofNullable(
                        Map.of(
                                "id", "42",
                                "code", "AbC",
                                "day", "2024-01-31T23:59:59.5Z",
                                "uid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                "n", "12.50")
                            .get(column))))
        .contains("o:000042:abc:20240131:a0eebc999c0b4ef8bb6d6bb9bd380a11:12.5");
    assertThat(template.shape()).isEqualTo("o:{}:{}:{}:{}:{}");
    assertThat(template.columns()).containsExactly("id", "code", "day", "uid", "n");
    assertThat(template.isReversible()).as("lower").isFalse();
  }

  @Test
  void aValueThatIsNotWhatItsFormatTakesIsNotPassedOver() {
    assertThatThrownBy(
            () -> KeyTemplate.parse("o:{id:pad:6}").render(column -> Optional.of("secret")))
        .isInstanceOf(KeyException.class)
        .hasMessage("\"o:{id:pad:6}\" has {id:pad:6}, and a value is not what that takes");
  }

  @Test
  void namesTheTableThatChanged() {
    KeyTemplate template = KeyTemplate.parse("{@schema}/{@table:upper}/{id}");

    assertThat(template.columns()).containsExactly("id");
    assertThat(
            template.render(
                column ->
                    Optional.ofNullable(
                        Map.of("@schema", "tenant_a", "@table", "product", "id", "7").get(column))))
        .contains("tenant_a/PRODUCT/7");
    assertThatThrownBy(() -> template.render(column -> Optional.empty()))
        .as("no key at all would be a key that is missed")
        .isInstanceOf(KeyException.class);
    assertThatThrownBy(() -> KeyTemplate.parse("{@tenant}:{id}"))
        .hasMessageContaining("which is no column name");
  }

  @Test
  void aKeyHasABound() {
    KeyTemplate template = KeyTemplate.parse("o:{x}");

    assertThat(template.render(column -> Optional.of("x".repeat(16_382)))).isPresent();
    assertThatThrownBy(() -> template.render(column -> Optional.of("x".repeat(16_383))))
        .isInstanceOf(KeyException.class)
        .hasMessage("\"o:{x}\" makes a key of more than 16384 bytes");
    assertThatThrownBy(() -> template.render(column -> Optional.of("\u20ac".repeat(6_000))))
        .isInstanceOf(KeyException.class);
  }

  /** Emptying a cache must meet the keys that no row can be told from, too. */
  @Test
  void matchesEveryKeyThatItMakes() {
    KeyTemplate template = KeyTemplate.parse("a:{x}:{y:upper}");
    AtomicInteger untold = new AtomicInteger();
    Cases.check(
        5_000,
        random -> {
          Map<String, String> row = Map.of("x", anything(random), "y", anything(random));

          String key =
              template.render(column -> Optional.ofNullable(row.get(column))).orElseThrow();

          assertThat(template.matches(key)).as(key).isTrue();
          untold.addAndGet(template.parseKey(key).isEmpty() ? 1 : 0);
        });
    assertThat(untold.get()).isPositive();
    assertThat(template.matches("b:1:2")).isFalse();
  }

  /** Braces, colons, percent signs, spaces, line ends, other scripts, nothing at all. */
  @Test
  void urlencodeKeepsEveryTwoRowsApart() {
    KeyTemplate template = KeyTemplate.parse("a:{x:urlencode}:{y:urlencode}");
    Cases.check(
        5_000,
        random -> {
          Map<String, String> row = Map.of("x", anything(random), "y", anything(random));

          String key =
              template.render(column -> Optional.ofNullable(row.get(column))).orElseThrow();

          assertThat(key).matches("a:[A-Za-z0-9._~%-]*:[A-Za-z0-9._~%-]*");
          assertThat(template.parseKey(key)).as(key).contains(row);
        });
    assertThat(template.parseKey("a:%3a:b")).as("not as it is written").isEmpty();
    assertThat(template.parseKey("a:%zz:b")).isEmpty();
    assertThat(template.parseKey("a: :b")).isEmpty();
  }

  /** A tag in braces is the value's: key, lease and entry agree on their slot all the same. */
  @Test
  void bracesInAValueMakeATagOfRedis() {
    String key =
        KeyTemplate.parse("page:{slug}").render(column -> Optional.of("a{42}b")).orElseThrow();

    assertThat(key).isEqualTo("page:a{42}b");
    assertThat(KeySlot.of(key)).isEqualTo(KeySlot.of("42"));
  }

  private static String anything(Random random) {
    StringBuilder value = new StringBuilder();
    for (int i = random.nextInt(5); i > 0; i--) {
      value.appendCodePoint(
          "ab:{}%+ /\r\n\t\"'\u00df\u20ac\u0633\u3042".codePointAt(random.nextInt(18)));
    }
    if (random.nextInt(5) == 0) {
      value.appendCodePoint(0x1F600);
    }
    return value.toString();
  }

  private static String pieces(Random random) {
    StringBuilder value = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      value.append("ab:-\n".charAt(random.nextInt(5)));
    }
    return value.toString();
  }

  /** By trying every way to cut {@code x:y-z}. */
  private static int rowsWithTheKey(String key) {
    int rows = 0;
    for (int colon = 0; colon < key.length(); colon++) {
      for (int dash = colon + 1; dash < key.length(); dash++) {
        if (key.charAt(colon) == ':' && key.charAt(dash) == '-') {
          rows++;
        }
      }
    }
    return rows;
  }
}
