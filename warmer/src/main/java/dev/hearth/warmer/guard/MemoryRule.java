package dev.hearth.warmer.guard;

import dev.hearth.store.StoreRoom;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Whether a store has room for what a run would add, so that a run throws out nothing that is
 * hotter than what it brings. Pure.
 */
final class MemoryRule {
  /**
   * Of a key, its marker and what a server keeps beside them; measured for Redis 6.2: 130 to 180.
   */
  private static final long OVERHEAD_BYTES = 200;

  /** Of a value of which nothing is known. */
  private static final long GUESSED_BYTES = 1_024;

  private MemoryRule() {}

  /**
   * Why nothing is to be added; empty where there is room.
   *
   * @param now what the servers say
   * @param before what they said a moment ago; empty at the beginning
   * @param keys to be added to the store
   * @param expectedBytes of their values; 0 where nothing is known of them
   * @param fullAt part of a limit that is never passed
   */
  static Optional<String> refusal(
      String store,
      List<StoreRoom> now,
      List<StoreRoom> before,
      int keys,
      long expectedBytes,
      double fullAt) {
    Map<String, StoreRoom> earlier =
        before.stream()
            .collect(Collectors.toMap(StoreRoom::server, Function.identity(), (one, other) -> one));
    for (StoreRoom room : now) {
      long evicted = evictedSince(Optional.ofNullable(earlier.get(room.server())), room);
      if (evicted > 0) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "store %s (%s) began to evict: %,d entries while the run ran, and it would not"
                    + " know which are hotter than what it brings; give the store more memory, or"
                    + " ask for fewer keys",
                store,
                room.server(),
                evicted));
      }
      long share = share(room, now.size(), keys, expectedBytes);
      if (room.limit().isPresent() && room.used() + share > fullAt * room.limit().getAsLong()) {
        return Optional.of(full(store, room, share, fullAt));
      }
    }
    return Optional.empty();
  }

  private static String full(String store, StoreRoom room, long share, double fullAt) {
    String limit = amount(room.unit(), room.limit().orElse(0));
    return String.format(
        Locale.ROOT,
        "store %s (%s) holds %s of %s, and the next batch would add about %s: above %.0f %% of the"
            + " limit it %s; give the store more memory, or ask for fewer keys",
        store,
        room.server(),
        amount(room.unit(), room.used()),
        limit,
        amount(room.unit(), share),
        100 * fullAt,
        room.evicts() ? "might evict hotter entries" : "might refuse invalidations' records");
  }

  /** A server that was restarted counts from 0 again. */
  private static long evictedSince(Optional<StoreRoom> before, StoreRoom now) {
    OptionalLong then = before.map(StoreRoom::evicted).orElseGet(OptionalLong::empty);
    return then.isPresent() && now.evicted().isPresent()
        ? Math.max(0, now.evicted().getAsLong() - then.getAsLong())
        : 0;
  }

  /** Keys are spread over the servers by their hash, so evenly, rounded up. */
  private static long share(StoreRoom room, int servers, int keys, long expectedBytes) {
    long all =
        room.unit() == StoreRoom.Unit.ENTRIES
            ? keys
            : (expectedBytes > 0 ? expectedBytes : keys * GUESSED_BYTES) + keys * OVERHEAD_BYTES;
    return (all + servers - 1) / servers;
  }

  private static String amount(StoreRoom.Unit unit, long amount) {
    if (unit == StoreRoom.Unit.ENTRIES) {
      return String.format(Locale.ROOT, "%,d entries", amount);
    }
    return amount < 1_000_000
        ? String.format(Locale.ROOT, "%.1f kB", amount / 1e3)
        : String.format(Locale.ROOT, "%.1f MB", amount / 1e6);
  }
}
