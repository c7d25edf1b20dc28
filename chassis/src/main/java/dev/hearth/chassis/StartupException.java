package dev.hearth.chassis;

import org.jspecify.annotations.Nullable;

/**
 * A failure at start that is the user's to mend: its message is one sentence with the cure, to be
 * printed without a stack trace.
 */
public final class StartupException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /**
   * @param sentence what, which one, found, expected, what to do
   * @param exitCode exit status of the process, 1 to 255: 1 failed, 2 usage or configuration
   */
  public StartupException(String sentence, int exitCode) {
    this(sentence, exitCode, null);
  }

  /** The same with the cause, which only a debug log shows. */
  public StartupException(String sentence, int exitCode, @Nullable Throwable cause) {
    super(sentence, cause);
    if (exitCode < 1 || exitCode > 255) {
      throw new IllegalArgumentException("exitCode: " + exitCode + "; expected 1 to 255");
    }
    this.exitCode = exitCode;
  }

  /** Exit status of the process, 1 to 255. */
  public int exitCode() {
    return exitCode;
  }
}
