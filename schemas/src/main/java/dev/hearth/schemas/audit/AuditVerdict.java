package dev.hearth.schemas.audit;

import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.Optional;

/**
 * What an audit of one cache in one store found.
 *
 * @param position the applied position that the audit waited for
 * @param evidence key and positions of the first stale entry; never values
 */
public record AuditVerdict(
    String cache,
    String store,
    long checked,
    long stale,
    Position position,
    Instant auditedAt,
    Optional<String> evidence) {}
