package dev.hearth.client.feed;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.time.Duration;
import java.util.Optional;

/**
 * What vouches for a value.
 *
 * @param position the value misses no transaction whose commit record ends at or before it
 * @param history of the position's epoch; empty where it is not known, or where transactions older
 *     than the slot may still become visible
 * @param age the value misses nothing that was visible that long ago; rounded up, empty where it is
 *     not known
 */
public record Evidence(Position position, Optional<History> history, Optional<Duration> age) {
  /**
   * What vouches for a value that rests on two things: the older of what vouches for each, and
   * nothing that is not known of both.
   */
  public Evidence orOlder(Evidence other) {
    return new Evidence(
        position.atLeast(other.position) ? other.position : position,
        history.filter(same -> other.history.equals(Optional.of(same))),
        age.flatMap(mine -> other.age.map(theirs -> mine.compareTo(theirs) > 0 ? mine : theirs)));
  }

  /** The same with a position that vouches too. */
  public Evidence and(Position other) {
    return position.epoch() == other.epoch()
        ? new Evidence(Position.max(position, other), history, age)
        : this;
  }
}
