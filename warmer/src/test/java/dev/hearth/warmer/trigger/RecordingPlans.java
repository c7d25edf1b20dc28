package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Plans that are written down when they are started. */
final class RecordingPlans implements PlanStarter {
  final List<String> started = new CopyOnWriteArrayList<>();
  volatile boolean refusing;

  @Override
  public Set<String> plans() {
    return Set.of("after-deploy", "nightly");
  }

  @Override
  public Set<String> plansOf(String environment) {
    return environment.equals("production") ? Set.of("after-deploy") : Set.of();
  }

  @Override
  public Started start(String plan, String trigger) {
    return take(plan + " by " + trigger, "product", 100, trigger);
  }

  @Override
  public Started startCache(String cache, int top, String trigger) {
    return take(cache + " " + top + " by " + trigger, cache, top, trigger);
  }

  private Started take(String line, String cache, int top, String trigger) {
    if (refusing) {
      return new Started(List.of(), List.of("cache product: 16 runs are waiting already"));
    }
    started.add(line);
    return new Started(
        List.of(
            WarmupRun.queued(
                "run-" + started.size(),
                WarmupRequest.hottest(cache, top, trigger),
                Instant.EPOCH)),
        List.of());
  }
}
