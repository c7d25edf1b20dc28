package dev.hearth.invalidator.lineage;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What became of an event in one store.
 *
 * @param outcome applied; applied_by: at {@code at} at the latest; not_yet; not_known; observed
 * @param at on the clock of the service that applied it
 * @param lagMillis from the event's own time, on its clock, to {@code at}
 * @param againAt when the store was brought up to date once more, and this with it
 * @param sentence the same for people, without times
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Delivered(
    String store,
    String outcome,
    @Nullable Instant at,
    @Nullable Double lagMillis,
    @Nullable Instant againAt,
    String sentence) {

  static Delivered without(String store, String outcome, String sentence) {
    return new Delivered(store, outcome, null, null, null, sentence);
  }
}
