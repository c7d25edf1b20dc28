package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRun;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Where runs outlive a process. Thread-safe. */
public interface RunJournal extends AutoCloseable {

  /** Appends a run as it is now; completes once that cannot be lost. */
  CompletionStage<Void> publish(WarmupRun run);

  /** Removes a run. */
  void forget(String id);

  /**
   * Every run as it was published last, oldest request first. Blocks, within a bound.
   *
   * @throws RuntimeException where the journal could not be read to its end
   */
  List<WarmupRun> read();

  @Override
  void close();
}
