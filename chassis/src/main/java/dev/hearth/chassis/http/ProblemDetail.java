package dev.hearth.chassis.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * A problem as RFC 9457 says it, sent as {@code application/problem+json}.
 *
 * @param type URI of the kind of problem; {@code about:blank} when the status says it all
 * @param title short name of the kind of problem
 * @param status HTTP status, 400 to 599
 * @param detail what is wrong in this case and what to do, for people; no secrets
 * @param errors one for each field that is wrong; left out when empty
 */
public record ProblemDetail(
    String type,
    String title,
    int status,
    String detail,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) List<FieldError> errors) {

  /** Media type of a problem. */
  public static final String MEDIA_TYPE = "application/problem+json";

  /** Keeps a copy of the list. */
  public ProblemDetail {
    if (status < 400 || status > 599) {
      throw new IllegalArgumentException("status: " + status + "; expected 400 to 599");
    }
    errors = List.copyOf(errors);
  }

  /**
   * What is wrong with one field.
   *
   * @param field path in the body or name of the parameter
   * @param hint what was found, what is expected
   */
  public record FieldError(String field, String hint) {}

  /** A problem whose status says its kind. */
  public static ProblemDetail of(int status, String title, String detail, FieldError... errors) {
    return new ProblemDetail("about:blank", title, status, detail, List.of(errors));
  }
}
