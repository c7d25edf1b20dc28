package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A run as HTTP shows it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
record WarmupView(
    String id,
    String cache,
    int top,
    String by,
    @Nullable BudgetView budget,
    @Nullable Double until,
    String trigger,
    String state,
    ProgressView progress,
    long bytes,
    double databaseMillis,
    Map<String, Integer> leftOut,
    @Nullable HitRatioView hitRatio,
    int term,
    @Nullable String owner,
    Instant requestedAt,
    @Nullable Instant startedAt,
    @Nullable Instant finishedAt,
    @Nullable String waitingFor,
    @Nullable String problem) {

  /** Entries by outcome; one key in two stores counts twice. */
  record ProgressView(
      int planned,
      int done,
      int stored,
      int alreadyWarm,
      int leaseLost,
      int busy,
      int absent,
      int failed) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record BudgetView(
      @Nullable Integer keys,
      @Nullable Long bytes,
      @Nullable Double timeSeconds,
      @Nullable Double databaseShare) {}

  static WarmupView of(WarmupRun run, @Nullable HitRatioView hitRatio) {
    WarmupRun.Progress at = run.progress();
    WarmupRequest.Budget budget = run.request().budget();
    return new WarmupView(
        run.id(),
        run.cache(),
        run.top(),
        run.request().by().name().toLowerCase(Locale.ROOT),
        budget.equals(WarmupRequest.Budget.NONE)
            ? null
            : new BudgetView(
                budget.keys().orElse(null),
                budget.bytes().orElse(null),
                budget.time().map(time -> time.toMillis() / 1000.0).orElse(null),
                budget.databaseShare().orElse(null)),
        run.request().until().orElse(null),
        run.request().trigger(),
        run.state().name().toLowerCase(Locale.ROOT),
        new ProgressView(
            at.planned(),
            at.done(),
            at.stored(),
            at.alreadyWarm(),
            at.leaseLost(),
            at.busy(),
            at.absent(),
            at.failed()),
        run.cost().bytes(),
        run.cost().databaseTime().toNanos() / 1e6,
        run.leftOut(),
        hitRatio,
        run.term(),
        run.owner().orElse(null),
        run.requestedAt(),
        run.startedAt().orElse(null),
        run.finishedAt().orElse(null),
        run.waitingFor().orElse(null),
        run.problem().orElse(null));
  }
}
