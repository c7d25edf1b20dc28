package dev.hearth.warmer.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyTypeTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "int2|0|true",
        "int2|32767|true",
        "int2|32768|false",
        "int2|-32768|true",
        "int4|7|true",
        "int4|-7|true",
        "int4|007|false",
        "int4|+7|false",
        "int4|-0|false",
        "int4|7.0|false",
        "int4|' 7'|false",
        "int4|seven|false",
        "int4|٧|false",
        "int4|2147483647|true",
        "int4|2147483648|false",
        "int4|-2147483648|true",
        "int8|9223372036854775807|true",
        "int8|9223372036854775808|false",
        "int8|99999999999999999999999|false",
        "int8|null|false",
        "text|anything at all|true",
        "varchar|' '|true",
        "uuid|8f14e45f-ceea-467f-9575-2b1f0a8a4b4c|true",
        "uuid|8F14E45F-CEEA-467F-9575-2B1F0A8A4B4C|false",
        "uuid|1-1-1-1-1|false",
        "uuid|8f14e45fceea467f95752b1f0a8a4b4c|false",
        "numeric|1.50|true"
      })
  void takesOnlyTextsThatTheTypeWritesBackAsTheyAre(String type, String text, boolean taken) {
    assertThat(KeyType.of(type).read(text).isPresent()).isEqualTo(taken);
  }
}
