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
            column -> Optional.of(Map.of("product_id", "42", "currency", "EUR").get(column)));

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
}
