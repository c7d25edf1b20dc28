package dev.hearth.warmer;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.warmer.run.HitRatio;
import dev.hearth.warmer.run.HitRatios;
import dev.hearth.warmer.run.PlanningException;
import dev.hearth.warmer.run.Submission;
import dev.hearth.warmer.run.WarmupRunner;
import dev.hearth.warmer.trigger.HitRatioView;
import dev.hearth.warmer.trigger.WarmupRequests;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What HTTP asks for, to the rooms that answer. Thread-safe. */
final class WarmupHttp implements WarmupRequests {
  private final Supplier<Answering> answering;

  /** The rooms, once they run. */
  record Answering(WarmupRunner runner, Plans plans, HitRatios hitRatios) {}

  /**
   * @param answering throws a problem while they do not run
   */
  WarmupHttp(Supplier<Answering> answering) {
    this.answering = answering;
  }

  @Override
  public Answer request(WarmupRequest request) {
    Submission submission = answering.get().runner().submit(request);
    return submission instanceof Submission.Accepted accepted
        ? new Answer.Accepted(accepted.run())
        : new Answer.Refused(((Submission.Refused) submission).sentence());
  }

  @Override
  public Plan explain(WarmupRequest request) throws InterruptedException {
    try {
      return new Plan.Explained(answering.get().plans().explain(request));
    } catch (PlanningException e) {
      return new Plan.Unknown(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public Optional<WarmupRun> find(String id) {
    return answering.get().runner().find(id);
  }

  @Override
  public List<WarmupRun> all() {
    return answering.get().runner().all();
  }

  @Override
  public Optional<WarmupRun> cancel(String id) {
    return answering.get().runner().cancel(id);
  }

  @Override
  public Optional<WarmupRun> pause(String id) {
    return answering.get().runner().pause(id);
  }

  @Override
  public Optional<WarmupRun> resume(String id) {
    return answering.get().runner().resume(id);
  }

  @Override
  public HitRatioView hitRatio(WarmupRun run) {
    HitRatio ratio =
        answering.get().hitRatios().of(run.cache(), run.startedAt().orElse(run.requestedAt()));
    return new HitRatioView(ratio.reads(), ratio.misses(), ratio.isKnown() ? ratio.value() : null);
  }
}
