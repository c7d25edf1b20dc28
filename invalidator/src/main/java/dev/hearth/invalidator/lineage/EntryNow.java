package dev.hearth.invalidator.lineage;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a store holds for a key now.
 *
 * @param state entry, no_row (an entry that says so), value (of a cache without leases), nothing,
 *     not_known
 * @param bytes of the value
 * @param stamp position that the entry is at least as new as
 * @param leaseAfter on the database's clock
 * @param leaseBefore on the clock of the service that delivers
 * @param sentence the same for people, without times
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record EntryNow(
    String store,
    String state,
    @Nullable Integer bytes,
    @Nullable String stamp,
    @Nullable Instant leaseAfter,
    @Nullable Instant leaseBefore,
    String sentence) {

  static EntryNow without(String store, String state, String sentence) {
    return new EntryNow(store, state, null, null, null, null, sentence);
  }
}
