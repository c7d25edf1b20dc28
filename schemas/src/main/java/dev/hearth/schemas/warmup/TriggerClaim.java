package dev.hearth.schemas.warmup;

import java.time.Instant;

/**
 * An instance takes a trigger upon itself. Of several claims to one trigger, the first on the topic
 * counts, whoever sent the others.
 *
 * @param trigger what is claimed: a delivery of a webhook, one time of a schedule
 * @param claimant drawn at random for this claim
 * @param at on the claimant's clock
 * @param released the claimant gives it back: nothing was done
 */
public record TriggerClaim(String trigger, String claimant, Instant at, boolean released) {}
