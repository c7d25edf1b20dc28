package dev.hearth.sandbox;

import org.jspecify.annotations.Nullable;

/** A server or its data directory is not usable; the message says which one, why, and the cure. */
public final class SandboxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SandboxException(String message) {
    super(message);
  }

  SandboxException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
