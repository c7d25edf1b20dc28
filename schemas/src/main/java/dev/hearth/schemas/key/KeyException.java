package dev.hearth.schemas.key;

/**
 * A row whose key cannot be made: a value is not what its format takes, or the key would be too
 * long. The message names the column, never the value.
 */
public final class KeyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  KeyException(String message) {
    super(message);
  }
}
