package dev.hearth.cli.doctor;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** What a failure says, in one line. Pure. */
final class Reasons {
  private Reasons() {}

  static String of(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof ExecutionException || cause instanceof CompletionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    if (message == null || message.isBlank()) {
      return cause instanceof TimeoutException ? "no answer" : cause.getClass().getSimpleName();
    }
    return message.lines().findFirst().orElse("").strip();
  }
}
