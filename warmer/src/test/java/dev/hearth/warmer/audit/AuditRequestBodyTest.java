package dev.hearth.warmer.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.schemas.audit.AuditVerdict.Mode;
import dev.hearth.warmer.audit.AuditRequest.Target;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuditRequestBodyTest {
  private static final List<AuditedCache> CACHES =
      List.of(
          new AuditedCache("product", List.of("redis", "hazelcast"), Mode.FENCED, true),
          new AuditedCache("note", List.of("redis"), Mode.PLAIN, true),
          new AuditedCache("page", List.of("redis"), Mode.FENCED, false));

  @Test
  void asksForAllThatCanBeComparedAndNamesTheRest() {
    AuditRequest request = AuditRequestBody.parse("{}", CACHES);

    assertThat(request)
        .isEqualTo(
            new AuditRequest(
                List.of(
                    new Target("product", "redis", Mode.FENCED),
                    new Target("product", "hazelcast", Mode.FENCED),
                    new Target("note", "redis", Mode.PLAIN)),
                0.01,
                Optional.empty(),
                List.of("page")));
  }

  @Test
  void asksForOneCacheInOneStore() {
    AuditRequest request =
        AuditRequestBody.parse(
            "{\"cache\": \"product\", \"store\": \"hazelcast\", \"sample\": 1,"
                + " \"forSeconds\": 1.5}",
            CACHES);

    assertThat(request)
        .isEqualTo(
            new AuditRequest(
                List.of(new Target("product", "hazelcast", Mode.FENCED)),
                1,
                Optional.of(Duration.ofMillis(1_500)),
                List.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "{\"cache\": \"prodct\"}|cache|\"prodct\" is not known; expected one of note, page, product",
        "{\"cache\": 7}|cache|7 is not known; expected one of note, page, product",
        "{\"cache\": null}|cache|null is not known; expected one of note, page, product",
        "{\"store\": \"disk\"}|store|\"disk\" is not known; expected one of hazelcast, redis",
        "{\"cache\": \"note\", \"store\": \"hazelcast\"}|store|\"hazelcast\" does not hold cache"
            + " \"note\"; it is in redis",
        "{\"cache\": \"page\"}|cache|\"page\" has no load query to compare entries with; add"
            + " caches.page.load",
        "{\"sample\": 0}|sample|is 0; expected a share of the entries above 0, up to 1, such as"
            + " 0.01 for 1 %",
        "{\"sample\": 1.01}|sample|is 1.01; expected a share of the entries above 0, up to 1, such"
            + " as 0.01 for 1 %",
        "{\"sample\": \"1%\"}|sample|is \"1%\"; expected a share of the entries above 0, up to 1,"
            + " such as 0.01 for 1 %",
        "{\"forSeconds\": 0.5}|forSeconds|is 0.5; expected seconds from 1 to 3600",
        "{\"forSeconds\": 3601}|forSeconds|is 3601; expected seconds from 1 to 3600",
        "{\"keys\": 5}|keys|is not known; expected cache, store, sample and forSeconds"
      })
  void namesWhatIsWrong(String body, String field, String hint) {
    ProblemDetail problem = refused(body);

    assertThat(problem.status()).isEqualTo(422);
    assertThat(problem.errors()).containsExactly(new ProblemDetail.FieldError(field, hint));
  }

  @Test
  void namesAllThatIsWrongAtOnce() {
    assertThat(refused("{\"cache\": \"x\", \"sample\": 2, \"top\": 1}").errors())
        .extracting(ProblemDetail.FieldError::field)
        .containsExactlyInAnyOrder("cache", "sample", "top");
  }

  @Test
  void saysThatNothingCanBeCompared() {
    ProblemException refused =
        catchThrowableOfType(
            ProblemException.class, () -> AuditRequestBody.parse("{}", List.of(CACHES.get(2))));

    assertThat(refused.problem().errors())
        .containsExactly(
            new ProblemDetail.FieldError(
                "cache",
                "no cache has a load query to compare entries with; add" + " caches.page.load"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "nothing", "{\"cache\":", "{} {}", "{\"sample\":1,\"sample\":1}"})
  void refusesWhatIsNoObject(String body) {
    assertThat(refused(body).status()).isEqualTo(400);
    assertThat(refused(body).errors().get(0).hint()).startsWith("expected such as {\"cache\"");
  }

  private static ProblemDetail refused(String body) {
    return catchThrowableOfType(ProblemException.class, () -> AuditRequestBody.parse(body, CACHES))
        .problem();
  }
}
