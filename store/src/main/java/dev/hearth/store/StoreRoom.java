package dev.hearth.store;

import java.util.OptionalLong;

/**
 * What one server of a store holds, and may hold.
 *
 * @param server for people: an address, without passwords
 * @param unit what is counted
 * @param used 0 or more
 * @param limit above which the server evicts, or refuses; empty where it has none of its own
 * @param evicts whether it makes room by throwing entries away; if not, it refuses new ones
 * @param evicted entries that it has thrown away since it was started, where it counts them
 */
public record StoreRoom(
    String server, Unit unit, long used, OptionalLong limit, boolean evicts, OptionalLong evicted) {

  /** What a server's room is counted in. */
  public enum Unit {
    BYTES,
    ENTRIES
  }
}
