package dev.hearth.ingest.capture;

import io.debezium.connector.base.QueueProvider;
import io.debezium.pipeline.DataChangeEvent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A queue that is always empty: what the reader of the log puts in goes to the receiver at once, on
 * the reader's own thread.
 *
 * <p>Debezium's queue has its taker wait a whole poll interval unless a batch is full, and spin
 * with its lock held through the last millisecond of it: with an interval of 1 ms that was 20 % of
 * a core, and more than half of the way from the log to us (2 cores, 200 changes a second).
 */
public final class HandoverQueue implements QueueProvider<DataChangeEvent> {
  static final String NAME = "hearth-handover";

  private LogEngine.@Nullable Receiver receiver;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void configure(Map<String, ?> settings) {
    receiver = Handover.receiver(String.valueOf(settings.get(Handover.TICKET)));
  }

  @Override
  public void enqueue(DataChangeEvent event) throws InterruptedException {
    if (receiver == null) {
      throw new IllegalStateException("not configured");
    }
    receiver.receive(event.getRecord());
  }

  @Override
  public DataChangeEvent poll() {
    throw new IllegalStateException("nothing waits here");
  }

  @Override
  public int size() {
    return 0;
  }
}
