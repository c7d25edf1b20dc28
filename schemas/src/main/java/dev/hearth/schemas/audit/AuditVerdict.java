package dev.hearth.schemas.audit;

import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.Optional;

/**
 * What an audit of one cache in one store found.
 *
 * @param position the applied position that the audit waited for
 * @param evidence key and positions of the first stale entry; never values
 * @param mode how the cache is kept, which says what a stale entry means
 */
public record AuditVerdict(
    String cache,
    String store,
    long checked,
    long stale,
    Position position,
    Instant auditedAt,
    Optional<String> evidence,
    Mode mode) {

  /** How a cache is kept. */
  public enum Mode {
    /** Fills hold a lease: a stale entry is a broken promise. */
    FENCED,
    /** Deleted, and once more a little later: a stale entry is possible until its time is over. */
    PLAIN,
    /** Nothing is deleted: stale entries are what the application leaves. */
    OBSERVE
  }

  /** Whether an entry was found that must not be there. */
  public boolean breaksPromise() {
    return mode == Mode.FENCED && stale > 0;
  }
}
