package dev.hearth.warmer.audit;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hearth.store.Value;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;

/** Whether an entry says what its row says; pure. */
enum Comparison {
  SAME,
  DIFFERENT,
  /** The entry is no JSON: the application writes it in a way of its own. */
  INCOMPARABLE;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** 12.5 is 12.50, and 1 is 1.0: what wrote a number may have dropped its scale. */
  private static final Comparator<JsonNode> NUMBERS_BY_VALUE =
      (one, other) -> {
        if (one.isNumber() && other.isNumber()) {
          return one.decimalValue().compareTo(other.decimalValue());
        }
        return one.equals(other) ? 0 : 1;
      };

  /**
   * Compares as JSON: the order of members and white space do not matter.
   *
   * @param row absent where the database has no such row
   */
  static Comparison of(Value entry, Value row) {
    if (entry.isAbsent() || row.isAbsent()) {
      return entry.isAbsent() && row.isAbsent() ? SAME : DIFFERENT;
    }
    byte[] cached = entry.bytes().orElseThrow();
    byte[] stored = row.bytes().orElseThrow();
    if (Arrays.equals(cached, stored)) {
      return SAME;
    }
    try {
      JsonNode expected = JSON.readTree(stored);
      JsonNode found;
      try {
        found = JSON.readTree(cached);
      } catch (IOException e) {
        return INCOMPARABLE;
      }
      return found.equals(NUMBERS_BY_VALUE, expected) ? SAME : DIFFERENT;
    } catch (IOException e) {
      return INCOMPARABLE;
    }
  }
}
