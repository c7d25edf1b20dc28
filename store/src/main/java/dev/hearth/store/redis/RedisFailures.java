package dev.hearth.store.redis;

import io.lettuce.core.RedisCommandExecutionException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What a failed command means. */
final class RedisFailures {
  private RedisFailures() {}

  /** What a future or a stage wrapped. */
  static Throwable cause(Throwable failure) {
    boolean wraps = failure instanceof CompletionException || failure instanceof ExecutionException;
    Throwable cause = failure.getCause();
    return wraps && cause != null ? cause : failure;
  }

  /** Of the keys of a command some are on one node and some on another, while their slot moves. */
  static boolean isSlotOnTheMove(Throwable failure) {
    Throwable cause = cause(failure);
    return cause instanceof RedisCommandExecutionException
        && String.valueOf(cause.getMessage()).startsWith("TRYAGAIN");
  }
}
