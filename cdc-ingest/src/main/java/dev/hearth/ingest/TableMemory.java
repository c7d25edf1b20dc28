package dev.hearth.ingest;

import dev.hearth.ingest.publish.ChangePublisher;
import dev.hearth.ingest.publish.ToldTables;

/**
 * Keeps beside the epoch how the tables were that the topic has told of, for whoever leads after
 * this session. For the loop's thread.
 */
final class TableMemory {
  private static final long NOTHING = -1;

  private final TableWatch watch;
  private final EpochKeeper epochs;
  private final ChangePublisher publisher;
  private long state = NOTHING;
  private long epoch = NOTHING;

  TableMemory(TableWatch watch, EpochKeeper epochs, ChangePublisher publisher) {
    this.watch = watch;
    this.epochs = epochs;
    this.publisher = publisher;
  }

  /**
   * Waits for the broker where there is something new; before the next watermark, so that an epoch
   * that can be kept has its tables beside it.
   */
  void turn() {
    long known = epoch == epochs.epoch() ? state : NOTHING;
    watch
        .told(known)
        .ifPresent(
            told -> {
              publisher.remember(epochs.raised(), new ToldTables(told.digests()));
              state = told.state();
              epoch = epochs.epoch();
            });
  }
}
