package dev.hearth.warmer.run;

import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.warmup.Pause;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Pauses in the compacted topic {@code pauses}, by cache. Thread-safe. */
public final class KafkaPauseJournal implements PauseJournal {
  private final CompactedTopic<Pause> pauses;

  /**
   * Opens the journal; connects in the background.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public KafkaPauseJournal(Topic<String, Pause> topic, Map<String, String> kafka) {
    this.pauses = new CompactedTopic<>(topic, kafka, (earlier, later) -> later);
  }

  @Override
  public CompletionStage<Void> publish(Pause pause) {
    return pauses.send(pause.key(), pause);
  }

  @Override
  public CompletionStage<Void> forget(String key) {
    return pauses.send(key, null);
  }

  @Override
  public Collection<Pause> read() {
    return pauses.read();
  }

  @Override
  public void close() {
    pauses.close();
  }
}
