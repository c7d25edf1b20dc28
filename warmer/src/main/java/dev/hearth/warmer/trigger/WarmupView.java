package dev.hearth.warmer.trigger;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A run as HTTP shows it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
record WarmupView(
    String id,
    String cache,
    int top,
    String trigger,
    String state,
    ProgressView progress,
    Instant requestedAt,
    @Nullable Instant finishedAt,
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

  static WarmupView of(WarmupRun run) {
    WarmupRun.Progress at = run.progress();
    return new WarmupView(
        run.id(),
        run.cache(),
        run.top(),
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
        run.requestedAt(),
        run.finishedAt().orElse(null),
        run.problem().orElse(null));
  }
}
