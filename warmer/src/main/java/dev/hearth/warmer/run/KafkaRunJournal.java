package dev.hearth.warmer.run;

import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.warmup.WarmupRun;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Runs in the compacted topic {@code warmups}, by run id. Thread-safe. */
public final class KafkaRunJournal implements RunJournal {
  private final CompactedTopic<WarmupRun> runs;

  /**
   * Opens the journal; connects in the background.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public KafkaRunJournal(Topic<String, WarmupRun> topic, Map<String, String> kafka) {
    this.runs =
        new CompactedTopic<>(
            topic, kafka, (earlier, later) -> earlier.yieldsTo(later) ? later : earlier);
  }

  @Override
  public CompletionStage<Void> publish(WarmupRun run) {
    return runs.send(run.id(), run);
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // a run that stays a little longer does no harm
  public void forget(String id) {
    runs.send(id, null);
  }

  @Override
  public List<WarmupRun> read() {
    return runs.read().stream().sorted(Comparator.comparing(WarmupRun::requestedAt)).toList();
  }

  @Override
  public void close() {
    runs.close();
  }
}
