package dev.hearth.ingest.decode;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordKeyTest {
  private static final List<String> ALPHABET = List.of("a", ",", ":", "\\");
  private static final int LONGEST_WORD = 3;

  @Test
  void isTableAndValues() {
    assertThat(RecordKey.of("public.price", List.of("a", "b"), Map.of("b", "2", "a", "1")))
        .contains("public.price:1,2");
    assertThat(RecordKey.of("public.price")).isEqualTo("public.price");
  }

  @Test
  void marksWhatWouldBeTakenForASeparator() {
    assertThat(RecordKey.of("public.a:b", List.of("a"), Map.of("a", "x,y\\z")))
        .contains("public.a\\:b:x\\,y\\\\z");
  }

  @Test
  void aRowWithoutAValueThatIdentifiesItHasNone() {
    Map<String, @Nullable String> row = new HashMap<>();
    row.put("a", null);

    assertThat(RecordKey.of("t", List.of("a"), row)).isEmpty();
    assertThat(RecordKey.of("t", List.of("b"), row)).isEmpty();
    assertThat(RecordKey.of("t", List.of(), row)).isEmpty();
  }

  @Test
  void noTwoRowsShareAKey() {
    List<String> words = words(LONGEST_WORD);
    Set<String> keys = new HashSet<>();
    int rows = 0;
    for (String table : words(1)) {
      for (String a : words) {
        for (String b : words) {
          keys.add(
              RecordKey.of("s.t" + table, List.of("a", "b"), Map.of("a", a, "b", b)).orElseThrow());
          rows++;
        }
      }
    }

    assertThat(keys).hasSize(rows);
  }

  private static List<String> words(int longest) {
    List<String> words = new ArrayList<>(List.of(""));
    for (int from = 0, length = 1; length <= longest; length++) {
      int to = words.size();
      for (; from < to; from++) {
        for (String letter : ALPHABET) {
          words.add(words.get(from) + letter);
        }
      }
    }
    return words;
  }
}
