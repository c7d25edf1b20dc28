package dev.hearth.schemas.key;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyFormatTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "upper | straße | STRASSE",
        "lower | ÄB | äb",
        "urlencode | a b/ü+{%} | a%20b%2F%C3%BC%2B%7B%25%7D",
        "urlencode | '' | ''",
        "trim | 12.50 | 12.5",
        "trim | 10.00 | 10",
        "trim | -0.00 | 0",
        "trim | 100 | 100",
        "trim | NaN | NaN",
        "trim | -Infinity | -Infinity",
        "compact | a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "pad:5 | 42 | 00042",
        "pad:5 | -42 | -00042",
        "pad:2 | 12345 | 12345",
        "date:yyyy-MM-dd | 2024-01-31 | 2024-01-31",
        "date:yyyy-MM-dd | 2024-01-31T23:59:59.5Z | 2024-01-31",
        "date:dd.MM.yy | 2024-01-31 | 31.01.24",
        "date:yyyy-MM-dd'T'HH:mm | 2024-01-31T23:59:59 | 2024-01-31T23:59",
        "date:HHmmss | 2024-01-31 | 000000",
        "date:yyyy | infinity | infinity",
      })
  void writes(String format, String value, String written) {
    assertThat(KeyFormat.parse(format).write(value)).contains(written);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "trim | ten",
        "trim | 1e9",
        "compact | A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "compact | x",
        "pad:5 | 4.2",
        "pad:5 | ''",
        "date:yyyy | 31.01.2024",
        "date:yyyy | 2024-02-30",
      })
  void doesNotGuess(String format, String value) {
    assertThat(KeyFormat.parse(format).write(value)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "upper | ABC",
        "lower | abc",
        "urlencode | %3a",
        "urlencode | a b",
        "trim | 12.50",
        "trim | 007",
        "compact | a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "pad:5 | 42",
        "pad:5 | 0000042",
        "pad:5 | -00000",
        "date:yyyy-MM-dd | 2024-1-31",
        "date:yyyy-MM-dd | 2024-02-30",
        "date:yyyy-MM | 2024-01",
        "date:yyyy-MM-dd HH | 2024-01-31 10",
      })
  void readsNothingThatItDoesNotWriteOrCannotTell(String format, String written) {
    assertThat(KeyFormat.parse(format).read(written)).isEmpty();
  }

  @Test
  void readsBackWhatItWrote() {
    Cases.check(
        3_000,
        random -> {
          roundTrip(
              "pad:" + (1 + random.nextInt(12)),
              Long.toString(random.nextLong() >> random.nextInt(60)));
          roundTrip("compact", new UUID(random.nextLong(), random.nextLong()).toString());
          LocalDate day = LocalDate.ofEpochDay(random.nextInt(100_000) - 20_000);
          roundTrip("date:yyyyMMdd", day.toString());
          roundTrip("date:dd/MM/yyyy", day.toString());
          LocalDateTime moment = day.atStartOfDay().plusSeconds(1 + random.nextInt(86_399));
          roundTrip(
              "date:yyyyMMddHHmmss",
              java.time.format.DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(moment));
        });
  }

  private static void roundTrip(String text, String value) {
    KeyFormat format = KeyFormat.parse(text);
    assertThat(format.isReversible()).isTrue();
    assertThat(format.write(value).flatMap(format::read))
        .as("%s of %s", value, text)
        .contains(value);
  }

  @ParameterizedTest
  @CsvSource({"upper", "lower", "urlencode", "trim", "compact", "pad:8", "date:yyyy-MM-dd"})
  void isWrittenInATemplateAsItWasRead(String format) {
    assertThat(KeyFormat.parse(format)).hasToString(":" + format);
    assertThat(KeyFormat.parse(format)).isEqualTo(KeyFormat.parse(format));
  }
}
