package dev.hearth.cli;

import java.util.Locale;

/** A service that this process may run. */
public enum Role {
  INGEST,
  INVALIDATE,
  WARM;

  /** As a user writes it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
