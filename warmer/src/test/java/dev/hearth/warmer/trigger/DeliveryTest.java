package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hearth.chassis.http.ProblemException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeliveryTest {
  /** The members that are read, in the form that GitHub documents for the event. */
  static String deploymentStatus(long id, String state, String environment, String at) {
    return """
    {"action": "created",
     "deployment_status": {"url": "https://api.github.com/repos/o/r/deployments/1/statuses/%1$d",
       "id": %1$d, "node_id": "DEU_k", "state": "%2$s", "description": "", "environment": "%3$s",
       "creator": {"login": "bot", "id": 7}, "created_at": "%4$s", "updated_at": "%4$s"},
     "deployment": {"id": 1, "sha": "abc", "ref": "main", "task": "deploy", "payload": {},
       "environment": "%3$s", "created_at": "%4$s", "updated_at": "%4$s"},
     "repository": {"id": 9, "name": "r", "full_name": "o/r"},
     "sender": {"login": "bot", "id": 7}}
    """
        .formatted(id, state, environment, at);
  }

  @Test
  void aPlanIsNamedWithAnIdAndATime() {
    assertThat(
            parse(
                "{\"plan\": \"nightly\", \"delivery\": \"b-1\", \"at\": \"2026-11-23T19:00:00+01:00\"}"))
        .isEqualTo(
            new Delivery.Named("hearth:b-1", Instant.parse("2026-11-23T18:00:00Z"), "nightly"));
  }

  @Test
  void aDeploymentThatSucceededIsNamedByItsStatus() {
    assertThat(parse(deploymentStatus(42, "success", "production", "2026-11-23T18:00:00Z")))
        .isEqualTo(
            new Delivery.Deployed(
                "github:o/r:42", Instant.parse("2026-11-23T18:00:00Z"), "production"));
  }

  @ParameterizedTest
  @CsvSource({"pending", "queued", "in_progress", "failure", "error", "inactive"})
  void aDeploymentInAnotherStateAsksForNothing(String state) {
    assertThat(parse(deploymentStatus(42, state, "production", "2026-11-23T18:00:00Z")))
        .isEqualTo(
            new Delivery.Ignored("the state of the deployment is " + state + ", and not success"));
  }

  @Test
  void otherEventsOfGitHubAskForNothing() {
    assertThat(parse("{\"zen\": \"Design for failure.\", \"hook_id\": 1}"))
        .isInstanceOf(Delivery.Ignored.class);
    assertThat(parse("{\"ref\": \"refs/heads/main\", \"repository\": {\"full_name\": \"o/r\"}}"))
        .isInstanceOf(Delivery.Ignored.class);
  }

  @Test
  void allThatIsWrongIsSaidAtOnce() {
    assertThat(errors("{\"plan\": 5, \"at\": \"yesterday\", \"top\": 5}"))
        .containsExactly(
            "top is not known; expected plan, delivery and at",
            "plan is no text; expected a plan in the configuration",
            "delivery is missing; expected an id that no other delivery has, of 1 to 200 characters",
            "at is no time; expected one such as 2026-11-23T18:00:00Z");
    assertThat(errors("{\"deployment_status\": {\"state\": \"success\"}}"))
        .containsExactly(
            "deployment_status.id expected the number of the status",
            "deployment_status.environment is missing; expected the name of an environment",
            "repository.full_name is missing; expected the name of a repository",
            "deployment_status.created_at is missing; expected one such as 2026-11-23T18:00:00Z");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {"|", "[]", "{\"plan\": ", "{} {}", "{\"plan\": \"a\", \"plan\": \"b\"}", "null"})
  void whatIsNoObjectIsNotGuessedAt(String body) {
    ProblemException refused =
        catchThrowableOfType(ProblemException.class, () -> parse(body == null ? "" : body));

    assertThat(refused.problem().status()).isEqualTo(400);
    assertThat(refused.problem().errors().get(0).hint()).contains("expected such as {\"plan\"");
  }

  private static Delivery parse(String body) {
    return Delivery.parse(body.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> errors(String body) {
    ProblemException refused = catchThrowableOfType(ProblemException.class, () -> parse(body));
    assertThat(refused.problem().status()).isEqualTo(422);
    return refused.problem().errors().stream()
        .map(error -> error.field() + " " + error.hint())
        .toList();
  }
}
