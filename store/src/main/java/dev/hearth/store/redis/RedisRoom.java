package dev.hearth.store.redis;

import dev.hearth.store.StoreRoom;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads a server's room from its answer to INFO. Pure. */
final class RedisRoom {
  private RedisRoom() {}

  /**
   * @param info all of it, or at least its sections memory and stats
   */
  static StoreRoom of(String server, String info) {
    long limit = number(info, "maxmemory").orElse(0);
    return new StoreRoom(
        server,
        StoreRoom.Unit.BYTES,
        number(info, "used_memory").orElse(0),
        limit > 0 ? OptionalLong.of(limit) : OptionalLong.empty(),
        !text(info, "maxmemory_policy").orElse("noeviction").equals("noeviction"),
        number(info, "evicted_keys"));
  }

  private static OptionalLong number(String info, String field) {
    return text(info, field)
        .filter(text -> text.matches("\\d{1,18}"))
        .map(text -> OptionalLong.of(Long.parseLong(text)))
        .orElseGet(OptionalLong::empty);
  }

  private static Optional<String> text(String info, String field) {
    return info.lines()
        .filter(line -> line.startsWith(field + ":"))
        .map(line -> line.substring(field.length() + 1).trim())
        .findFirst();
  }
}
