package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRun;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A journal that outlives runners, not the test. */
final class MemoryJournal implements RunJournal {
  private final Map<String, WarmupRun> latest = new LinkedHashMap<>();
  private final List<WarmupRun> all = new ArrayList<>();
  private boolean broken;
  private int failingReads;

  @Override
  public synchronized CompletionStage<Void> publish(WarmupRun run) {
    if (broken) {
      return CompletableFuture.failedStage(new IllegalStateException("no broker"));
    }
    latest.merge(run.id(), run, (earlier, later) -> earlier.yieldsTo(later) ? later : earlier);
    all.add(run);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public synchronized void forget(String id) {
    latest.remove(id);
  }

  @Override
  public synchronized List<WarmupRun> read() {
    if (failingReads > 0) {
      failingReads--;
      throw new IllegalStateException("no broker");
    }
    return List.copyOf(latest.values());
  }

  @Override
  public void close() {}

  synchronized void breakDown() {
    broken = true;
  }

  synchronized void failNextRead() {
    failingReads = 1;
  }

  synchronized List<WarmupRun.State> statesOf(String id) {
    return all.stream()
        .filter(run -> run.id().equals(id))
        .map(WarmupRun::state)
        .distinct()
        .toList();
  }
}
