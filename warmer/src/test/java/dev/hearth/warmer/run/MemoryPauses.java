package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.Pause;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A journal of pauses that outlives runners, not the test. */
final class MemoryPauses implements PauseJournal {
  private final Map<String, Pause> standing = new LinkedHashMap<>();
  private boolean broken;

  @Override
  public synchronized CompletionStage<Void> publish(Pause pause) {
    if (broken) {
      return CompletableFuture.failedStage(new IllegalStateException("no broker"));
    }
    standing.put(pause.key(), pause);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public synchronized CompletionStage<Void> forget(String key) {
    if (broken) {
      return CompletableFuture.failedStage(new IllegalStateException("no broker"));
    }
    standing.remove(key);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public synchronized Collection<Pause> read() {
    if (broken) {
      throw new IllegalStateException("no broker");
    }
    return List.copyOf(standing.values());
  }

  @Override
  public void close() {}

  synchronized void broken(boolean now) {
    broken = now;
  }
}
