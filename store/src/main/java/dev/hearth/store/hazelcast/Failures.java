package dev.hearth.store.hazelcast;

import dev.hearth.store.StoreUnavailableException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

/** Says in a sentence what went wrong in a store. */
record Failures(String store, Duration timeout) {
  StoreUnavailableException unavailable(String what, Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof StoreUnavailableException already) {
      return already;
    }
    String reason;
    if (cause instanceof TimeoutException) {
      reason = "no answer within " + timeout.toMillis() + " ms";
    } else if (cause instanceof RejectedExecutionException) {
      reason = "too many of its operations wait for an answer, or it is closed";
    } else {
      reason = cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }
    return new StoreUnavailableException(
        "store " + store + " did not answer " + what + ": " + reason, cause);
  }

  /** For a map that takes equal bytes for different ones. */
  StoreUnavailableException comparesByIdentity(String map) {
    return new StoreUnavailableException(
        "store "
            + store
            + ": map "
            + map
            + " of the cluster does not find bytes equal that are; set its in-memory-format to BINARY"
            + " (OBJECT compares arrays by identity)");
  }
}
