package dev.hearth.cli;

/** A service that this process may run. */
public enum Role {
  INGEST,
  INVALIDATE,
  WARM
}
