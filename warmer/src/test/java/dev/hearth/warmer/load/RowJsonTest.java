package dev.hearth.warmer.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.sandbox.Cases;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.OffsetDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowJsonTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "int2|-3|-3",
        "int4|42|42",
        "int8|9223372036854775807|9223372036854775807",
        "oid|4294967295|4294967295",
        "numeric|12.50|12.50",
        "numeric|0|0",
        "numeric|-0.000001|-0.000001",
        "numeric|123456789012345678901234567890.123|123456789012345678901234567890.123",
        "numeric|0.00000000000000000001|0.00000000000000000001",
        "numeric|NaN|\"NaN\"",
        "numeric|Infinity|\"Infinity\"",
        "numeric|-Infinity|\"-Infinity\"",
        "float4|1.5|1.5",
        "float4|NaN|\"NaN\"",
        "float8|1e100|1.0E100",
        "float8|-Infinity|\"-Infinity\"",
        "bool|t|true",
        "bool|f|false",
        "bool|true|true",
        "json|{\"a\": [1, null]}|{\"a\": [1, null]}",
        "jsonb|null|null",
        "jsonb|\"x\"|\"x\"",
        "text|a \"b\" \\|\"a \\\"b\\\" \\\\\"",
        "text|null|\"null\"",
        "varchar|grün|\"grün\"",
        "uuid|8f14e45f-ceea-467f-9575-2b1f0a8a4b4c|\"8f14e45f-ceea-467f-9575-2b1f0a8a4b4c\"",
        "interval|1 day|\"1 day\"",
        "money|$1.00|\"$1.00\"",
        "time|12:00:00|\"12:00:00\""
      })
  void writesEachTypeAsDocumented(String type, String text, String json) throws IOException {
    assertThat(write(text, type)).isEqualTo(json);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-23T09:15:30.123456+01:00,2026-11-23T08:15:30.123456Z",
    "2026-11-23T08:00:00Z,2026-11-23T08:00:00Z",
    "1969-12-31T23:59:59.5Z,1969-12-31T23:59:59.5Z"
  })
  void writesPointsInTimeInUtc(String at, String text) {
    assertThat(RowJson.instant(OffsetDateTime.parse(at))).isEqualTo(text);
  }

  @Test
  void writesAnyNumericPlainlyWithItsScale() {
    Cases.check(
        200,
        random -> {
          BigDecimal number =
              new BigDecimal(new BigInteger(1 + random.nextInt(120), random), random.nextInt(40));
          String text = (random.nextBoolean() ? number : number.negate()).toPlainString();

          String json = write(text, "numeric");

          assertThat(new BigDecimal(json)).isEqualTo(new BigDecimal(text));
          assertThat(json).doesNotContain("E").doesNotContain("e");
        });
  }

  @Test
  void writesAnyTextSoThatItReadsBack() {
    Cases.check(
        200,
        random -> {
          StringBuilder text = new StringBuilder();
          for (int i = random.nextInt(40); i > 0; i--) {
            text.appendCodePoint(
                switch (random.nextInt(4)) {
                  case 0 -> 1 + random.nextInt(0x1F);
                  case 1 -> 0x1F600 + random.nextInt(0x40);
                  case 2 -> "\"\\/'{}[]:,".charAt(random.nextInt(10));
                  default -> 0x20 + random.nextInt(0x500);
                });
          }

          String json = write(text.toString(), "text");

          assertThat(new ObjectMapper().readValue(json, String.class)).isEqualTo(text.toString());
        });
  }

  private static String write(String text, String type) throws IOException {
    StringWriter written = new StringWriter();
    JsonFactory factory =
        JsonFactory.builder().enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN).build();
    try (JsonGenerator json = factory.createGenerator(written)) {
      RowJson.scalar(json, text, type);
    }
    return written.toString();
  }
}
