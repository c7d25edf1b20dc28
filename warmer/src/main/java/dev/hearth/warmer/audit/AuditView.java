package dev.hearth.warmer.audit;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.position.Position;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An audit as HTTP shows it.
 *
 * @param checked entries that were compared, in all parts; one in two stores counts twice
 * @param leftOut caches without a load query
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record AuditView(
    String id,
    String state,
    double sample,
    @Nullable Double forSeconds,
    Instant startedAt,
    @Nullable Instant finishedAt,
    long checked,
    long stale,
    List<PartView> parts,
    List<String> leftOut) {

  /**
   * One cache in one store.
   *
   * @param complete whether one pass has reached all of its sample
   * @param position what the store had applied, at the least, in the last pass
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record PartView(
      String cache,
      String store,
      String mode,
      int passes,
      boolean complete,
      long checked,
      long coherent,
      long stale,
      long unsettled,
      long incomparable,
      int suspected,
      boolean breaksPromise,
      @Nullable String position,
      List<AuditCounts.StaleEntry> staleEntries,
      @Nullable String problem) {

    static PartView of(AuditRun.Part part) {
      AuditCounts.Snapshot found = part.counts().snapshot();
      AuditVerdict.Mode mode = part.target().mode();
      return new PartView(
          part.target().cache(),
          part.target().store(),
          mode.name().toLowerCase(Locale.ROOT),
          part.passes(),
          part.complete(),
          found.checked(),
          found.coherent(),
          found.stale(),
          found.unsettled(),
          found.incomparable(),
          found.suspected(),
          mode == AuditVerdict.Mode.FENCED && found.stale() > 0,
          part.last()
              .map(AuditVerdict::position)
              .filter(position -> !position.equals(Position.NONE))
              .map(Position::toString)
              .orElse(null),
          found.staleEntries(),
          part.problem().orElse(null));
    }
  }

  static AuditView of(AuditRun run) {
    // The state first: what is shown as ended is then shown whole.
    AuditRun.State state = run.state();
    List<PartView> parts = run.parts().stream().map(PartView::of).toList();
    return new AuditView(
        run.id(),
        state.name().toLowerCase(Locale.ROOT),
        run.request().share(),
        run.request().length().map(Duration::toMillis).map(millis -> millis / 1000.0).orElse(null),
        run.startedAt(),
        run.finishedAt().orElse(null),
        parts.stream().mapToLong(PartView::checked).sum(),
        parts.stream().mapToLong(PartView::stale).sum(),
        parts,
        run.request().leftOut());
  }
}
