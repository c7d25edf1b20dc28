package dev.hearth.invalidator.delivery;

import dev.hearth.store.DeliveryTarget.Resume;
import java.util.Optional;

/** Where a delivery goes on in the log, given what the store says and what the log holds; pure. */
sealed interface LogPosition {
  /** Go on behind what the store says is applied. */
  record After(long offset) implements LogPosition {}

  /** The store knows nothing, so that only what comes from now on matters. */
  record End() implements LogPosition {}

  /** What the store says cannot be brought up to date from this log: it must be voided. */
  record TooOld(String reason) implements LogPosition {}

  /**
   * Decides.
   *
   * @param resume what the store says
   * @param topicId of the log as it is now
   * @param begin first offset that the log holds
   * @param end offset behind the last record of the log
   */
  static LogPosition decide(Optional<Resume> resume, String topicId, long begin, long end) {
    if (resume.isEmpty()) {
      return new End();
    }
    Resume from = resume.get();
    if (from.topicId().isEmpty()) {
      return new TooOld("it stopped while plain caches were emptied, which no record would repeat");
    }
    if (!from.topicId().equals(topicId)) {
      return new TooOld(
          "the topic was recreated: its id was " + from.topicId() + ", is " + topicId);
    }
    if (from.offset() + 1 < begin) {
      return new TooOld(
          "the log begins at offset " + begin + ", behind what is applied, " + from.offset());
    }
    if (from.offset() + 1 > end) {
      return new TooOld(
          "the log ends at offset " + end + ", before what is applied, " + from.offset());
    }
    return new After(from.offset());
  }
}
