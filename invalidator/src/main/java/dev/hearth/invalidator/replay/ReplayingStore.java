package dev.hearth.invalidator.replay;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A store whose deliveries can be sent back in the log. Thread-safe. */
public interface ReplayingStore {
  String name();

  /**
   * Sends the partitions that are delivered here back, as far as they are further; nothing else
   * changes.
   *
   * @param from by partition, the first offset to apply again; negative: void the partition instead
   * @param to by partition, behind the last record that counts as applied again
   * @return why not; empty where it has begun
   */
  Optional<String> replay(Map<Integer, Long> from, Map<Integer, Long> to);

  /** The last replay, by partition; empty where there was none since the start. */
  List<PartitionReplay> replays();

  /**
   * How far one partition is.
   *
   * @param at offset of the next record to apply again; {@code to} or above where it is done
   * @param state {@code running}, {@code done}, {@code voided}, or {@code elsewhere} where another
   *     process delivers the partition
   */
  record PartitionReplay(int partition, long from, long to, long at, String state) {}
}
