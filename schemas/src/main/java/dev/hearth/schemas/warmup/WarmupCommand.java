package dev.hearth.schemas.warmup;

import java.time.Instant;
import java.util.Optional;

/**
 * Asks for warm-up runs: of a configured plan, or of one cache. What travels may be wrong: neither
 * named or both, an unknown name, an impossible number; who takes it up says so.
 *
 * @param id chosen by the sender, different for each command
 * @param top most keys; of a plan, its own counts
 * @param requestedBy who asks, for people; may be empty
 * @param requestedAt on the sender's clock
 */
public record WarmupCommand(
    String id,
    Optional<String> plan,
    Optional<String> cache,
    int top,
    String requestedBy,
    Instant requestedAt) {}
