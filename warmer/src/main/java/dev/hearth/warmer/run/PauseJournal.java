package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.Pause;
import java.util.Collection;
import java.util.concurrent.CompletionStage;

/** Where pauses outlive a process. Thread-safe. */
public interface PauseJournal extends AutoCloseable {

  /**
   * Writes a pause down, in place of an earlier one of the same; completes once it cannot be lost.
   */
  CompletionStage<Void> publish(Pause pause);

  /** Takes one back, likewise; one that is not there as well. */
  CompletionStage<Void> forget(String key);

  /**
   * Those that stand. Blocks, within a bound.
   *
   * @throws RuntimeException where the journal could not be read to its end
   */
  Collection<Pause> read();

  @Override
  void close();
}
