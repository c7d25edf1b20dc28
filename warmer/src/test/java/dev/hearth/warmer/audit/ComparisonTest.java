package dev.hearth.warmer.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{\"a\":1,\"b\":2}|{\"b\": 2, \"a\": 1}|SAME",
        "{\"a\":12.50}|{\"a\":12.5}|SAME",
        "{\"a\":1}|{\"a\":1.0}|SAME",
        "{\"a\":1e2}|{\"a\":100}|SAME",
        "{\"a\":\"ü\"}|{\"a\":\"\\u00fc\"}|SAME",
        "{\"a\":1}|{\"a\":2}|DIFFERENT",
        "{\"a\":1}|{\"a\":\"1\"}|DIFFERENT",
        "{\"a\":1}|{\"a\":1,\"b\":null}|DIFFERENT",
        "{\"a\":[1,2]}|{\"a\":[2,1]}|DIFFERENT",
        "{\"a\":123456789012345678901}|{\"a\":123456789012345678902}|DIFFERENT",
        "not json|{\"a\":1}|INCOMPARABLE",
        "{\"a\":1} trailing|{\"a\":1}|INCOMPARABLE"
      })
  void comparesWhatJsonSaysNotItsBytes(String entry, String row, Comparison expected) {
    assertThat(Comparison.of(json(entry), json(row))).isEqualTo(expected);
  }

  @Test
  void tellsANegativeEntryFromAValue() {
    assertThat(Comparison.of(Value.absent(), Value.absent())).isEqualTo(Comparison.SAME);
    assertThat(Comparison.of(Value.absent(), json("{}"))).isEqualTo(Comparison.DIFFERENT);
    assertThat(Comparison.of(json("{}"), Value.absent())).isEqualTo(Comparison.DIFFERENT);
  }

  private static Value json(String text) {
    return Value.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
