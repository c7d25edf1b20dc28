package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * What a signed body says. Only the body is signed: GitHub's headers, {@code X-GitHub-Delivery}
 * among them, can be changed by whoever has seen one delivery, so that nothing here comes from
 * them. Two forms are taken: {@code {"plan", "delivery", "at"}}, and GitHub's {@code
 * deployment_status} event.
 */
sealed interface Delivery {
  int LONGEST_ID = 200;

  /** A delivery that asks for something: once, and not later than its time allows. */
  sealed interface Request extends Delivery {
    /** The same in every copy of this delivery, and in no other. */
    String id();

    /** When the sender made it. */
    Instant at();
  }

  /** A plan by its name. */
  record Named(String id, Instant at, String plan) implements Request {}

  /** A deployment that succeeded. */
  record Deployed(String id, Instant at, String environment) implements Request {}

  /** A delivery that asks for nothing; the sentence says why. */
  record Ignored(String sentence) implements Delivery {}

  ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  String EXAMPLE =
      "{\"plan\": \"after-deploy\", \"delivery\": \"build-4711\", \"at\": \"2026-11-23T18:00:00Z\"}";

  /**
   * Reads a body whose signature was found good.
   *
   * @throws ProblemException 400 where it is no JSON object, 422 with all that is wrong in it
   */
  static Delivery parse(byte[] body) {
    JsonNode node = object(body);
    if (node.has("deployment_status")) {
      return deployment(node);
    }
    if (!node.has("plan") && (node.has("zen") || node.has("repository"))) {
      return new Ignored("this is no deployment_status event of GitHub");
    }
    return named(node);
  }

  private static JsonNode object(byte[] body) {
    String hint = "expected such as " + EXAMPLE + ", or GitHub's deployment_status event";
    try {
      JsonNode node = JSON.readTree(body);
      if (node != null && node.isObject()) {
        return node;
      }
    } catch (JacksonException e) {
      hint =
          "cannot be read at line "
              + e.getLocation().getLineNr()
              + ", column "
              + e.getLocation().getColumnNr()
              + "; "
              + hint;
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory can be read", e);
    }
    throw new ProblemException(
        ProblemDetail.of(
            400, "Bad Request", "The body is no JSON object.", new FieldError("body", hint)));
  }

  private static Delivery named(JsonNode node) {
    List<FieldError> errors = new ArrayList<>();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!Set.of("plan", "delivery", "at").contains(name)) {
        errors.add(new FieldError(name, "is not known; expected plan, delivery and at"));
      }
    }
    String plan = text(node, "plan", "plan", "a plan in the configuration", errors);
    String id =
        text(
            node,
            "delivery",
            "delivery",
            "an id that no other delivery has, of 1 to " + LONGEST_ID + " characters",
            errors);
    Instant at = time(node, "at", "at", errors);
    refuse(errors);
    return new Named("hearth:" + id, at, plan);
  }

  private static Delivery deployment(JsonNode node) {
    JsonNode status = node.path("deployment_status");
    List<FieldError> errors = new ArrayList<>();
    String state =
        text(status, "state", "deployment_status.state", "a state such as success", errors);
    JsonNode id = status.path("id");
    if (!id.isIntegralNumber()) {
      errors.add(new FieldError("deployment_status.id", "expected the number of the status"));
    }
    String environment =
        text(
            status.has("environment") ? status : node.path("deployment"),
            "environment",
            "deployment_status.environment",
            "the name of an environment",
            errors);
    String repository =
        text(
            node.path("repository"),
            "full_name",
            "repository.full_name",
            "the name of a repository",
            errors);
    String newest = status.has("updated_at") ? "updated_at" : "created_at";
    Instant at = time(status, newest, "deployment_status." + newest, errors);
    refuse(errors);
    return state.equals("success")
        ? new Deployed("github:" + repository + ":" + id.asText(), at, environment)
        : new Ignored("the state of the deployment is " + state + ", and not success");
  }

  private static String text(
      JsonNode node, String name, String path, String expected, List<FieldError> errors) {
    JsonNode found = node.path(name);
    if (found.isTextual() && !found.textValue().isBlank()) {
      if (found.textValue().length() <= LONGEST_ID) {
        return found.textValue();
      }
      errors.add(
          new FieldError(
              path, "has " + found.textValue().length() + " characters; expected " + expected));
      return "";
    }
    errors.add(
        new FieldError(
            path,
            (found.isMissingNode() ? "is missing" : "is no text") + "; expected " + expected));
    return "";
  }

  private static Instant time(JsonNode node, String name, String path, List<FieldError> errors) {
    JsonNode found = node.path(name);
    try {
      return OffsetDateTime.parse(found.asText()).toInstant();
    } catch (DateTimeException e) {
      errors.add(
          new FieldError(
              path,
              (found.isMissingNode() ? "is missing" : "is no time")
                  + "; expected one such as 2026-11-23T18:00:00Z"));
      return Instant.EPOCH;
    }
  }

  private static void refuse(List<FieldError> errors) {
    if (!errors.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              422,
              "Unprocessable Content",
              "The delivery does not say what to do; see errors.",
              errors.toArray(FieldError[]::new)));
    }
  }
}
