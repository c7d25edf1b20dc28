package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Rounds in few words. */
public final class RoundBuilder {
  private final Map<String, Long> generations = new TreeMap<>();
  private int partition;
  private Position ceiling = Position.NONE;
  private Set<CacheKey> keys = Set.of();
  private Optional<Watermark> watermark = Optional.empty();
  private String topicId = "topic";
  private long offset;

  public RoundBuilder(int partition) {
    this.partition = partition;
  }

  public RoundBuilder partition(int partition) {
    this.partition = partition;
    return this;
  }

  public RoundBuilder ceiling(long epoch, long lsn) {
    ceiling = new Position(epoch, lsn);
    return this;
  }

  public RoundBuilder keys(CacheKey... keys) {
    this.keys = Set.of(keys);
    return this;
  }

  public RoundBuilder generation(String cache, long generation) {
    generations.put(cache, generation);
    return this;
  }

  public RoundBuilder watermark(long epoch, long lsn, long gateLsn) {
    watermark = Optional.of(new Watermark(new Position(epoch, lsn), gateLsn, Instant.EPOCH));
    return this;
  }

  public RoundBuilder topic(String topicId) {
    this.topicId = topicId;
    return this;
  }

  public RoundBuilder offset(long offset) {
    this.offset = offset;
    return this;
  }

  public Round build() {
    return new Round(partition, ceiling, keys, generations, watermark, topicId, offset);
  }
}
