package dev.hearth.ingest.capture;

import java.util.Optional;
import java.util.Set;

/**
 * Which database, and what of it.
 *
 * @param url JDBC URL of the primary
 * @param tables {@code schema.table}, those that rules name
 */
public record SourceSettings(
    String url,
    String user,
    Optional<String> password,
    String slot,
    String publication,
    Set<String> tables) {
  public SourceSettings {
    tables = Set.copyOf(tables);
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "SourceSettings[url=" + url + ", user=" + user + ", slot=" + slot + "]";
  }
}
