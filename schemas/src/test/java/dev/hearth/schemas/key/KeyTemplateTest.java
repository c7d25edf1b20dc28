package dev.hearth.schemas.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.Seed;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
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
    Random random = Seed.random("KeyTemplateTest");
    for (int i = 0; i < 1000; i++) {
      Map<String, String> row =
          Map.of("x", Integer.toString(random.nextInt()), "y", Long.toHexString(random.nextLong()));

      String key = template.render(column -> Optional.ofNullable(row.get(column))).orElseThrow();

      assertThat(template.parseKey(key)).contains(row);
    }
    assertThat(template.parseKey("a:1:c:2")).isEmpty();
  }

  @Test
  void readsBackEveryKeyThatNamesOneRowOnlyAndNoOther() {
    KeyTemplate template = KeyTemplate.parse("{x}:{y}-{z}");
    Random random = Seed.random("KeyTemplateTest");
    int ambiguous = 0;
    for (int i = 0; i < 2000; i++) {
      Map<String, String> row =
          Map.of("x", pieces(random), "y", pieces(random), "z", pieces(random));

      String key = template.render(column -> Optional.ofNullable(row.get(column))).orElseThrow();

      Optional<Map<String, String>> read = template.parseKey(key);
      if (read.isEmpty()) {
        ambiguous++;
        assertThat(rowsWithTheKey(key)).as(key).isGreaterThan(1);
      } else {
        assertThat(rowsWithTheKey(key)).as(key).isEqualTo(1);
        assertThat(read).contains(row);
      }
    }
    assertThat(ambiguous).isPositive();
  }

  @Test
  void aColumnThatStandsTwiceHasOneValue() {
    KeyTemplate template = KeyTemplate.parse("{id}/{id}");

    assertThat(template.parseKey("7/7")).contains(Map.of("id", "7"));
    assertThat(template.parseKey("7/8")).isEmpty();
  }

  private static String pieces(Random random) {
    StringBuilder value = new StringBuilder();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      value.append("ab:-\n".charAt(random.nextInt(5)));
    }
    return value.toString();
  }

  /** By trying every way to cut {@code x:y-z}. */
  private static int rowsWithTheKey(String key) {
    int rows = 0;
    for (int colon = 1; colon < key.length(); colon++) {
      for (int dash = colon + 2; dash < key.length() - 1; dash++) {
        if (key.charAt(colon) == ':' && key.charAt(dash) == '-') {
          rows++;
        }
      }
    }
    return rows;
  }
}
