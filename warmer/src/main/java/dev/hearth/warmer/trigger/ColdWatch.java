package dev.hearth.warmer.trigger;

import dev.hearth.store.Era;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Tells when a cache in one store has become cold as a whole, from what its probes say: entries
 * like any other, one or more in each part of the store, so that whatever voids or loses the
 * cache's entries there voids or loses them. For one thread; knows no clock but what it is told.
 *
 * <p>A probe that is missing proves nothing by itself, for a store may evict any entry. What proves
 * it is the era that the next entry would carry: a store that lost its memory has another
 * incarnation, a new epoch and a new generation say so themselves. Only at the first look there is
 * nothing to compare with; then a cache is cold if not one of its probes is there.
 */
final class ColdWatch {
  /** For how long nothing more may be lost before it is told: failures come in several steps. */
  static final Duration QUIET = Duration.ofSeconds(2);

  /** After which it is told, though a part of the store still says nothing. */
  static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  /** Shortest time from one telling to the next. */
  static final Duration SHORTEST_PAUSE = Duration.ofSeconds(10);

  private final String cache;
  private final String store;
  private final List<Optional<Era>> eras = new ArrayList<>();
  private final Set<String> why = new HashSet<>();
  private final Set<String> members = new HashSet<>();
  private boolean looked;
  private Optional<Instant> since = Optional.empty();
  private Instant changed = Instant.MIN;
  private Instant told = Instant.MIN;

  /**
   * What a probe says.
   *
   * @param era that its entry carries, or that the next one would; empty where the store does not
   *     say, or believes nothing yet
   * @param present whether the entry was there
   */
  record Look(Optional<Era> era, boolean present) {
    static final Look NOTHING = new Look(Optional.empty(), false);
  }

  /**
   * @param probes number of them, at least 1
   */
  ColdWatch(String cache, String store, int probes) {
    this.cache = cache;
    this.store = store;
    for (int i = 0; i < probes; i++) {
      eras.add(Optional.empty());
    }
  }

  /**
   * Takes in one look at all probes.
   *
   * @param nowMembers members of the store's cluster, by any name that stays; empty where it has
   *     none
   * @return why the cache is cold, if it is now to be told
   */
  Optional<String> look(List<Look> looks, Set<String> nowMembers, Instant now) {
    boolean all = true;
    boolean any = false;
    boolean present = false;
    boolean first = !looked;
    for (int i = 0; i < looks.size(); i++) {
      Look look = looks.get(i);
      all &= look.era().isPresent();
      any |= look.era().isPresent();
      present |= look.present();
      if (look.era().isPresent()) {
        compare(eras.get(i), look.era().get(), now);
        eras.set(i, look.era());
      }
    }
    if (first && all) {
      looked = true;
      if (!present) {
        lost("store " + store + " held nothing of it at the first look", now);
      }
    }
    joined(nowMembers, now);
    return tell(all, any, now);
  }

  private void compare(Optional<Era> before, Era after, Instant now) {
    if (before.isEmpty() || before.get().equals(after)) {
      return;
    }
    if (before.get().epoch() != after.epoch()) {
      lost("new epoch", now);
    } else if (before.get().incarnation() != after.incarnation()) {
      lost("store " + store + " lost its memory", now);
    } else {
      lost("new generation of " + cache, now);
    }
  }

  private void joined(Set<String> nowMembers, Instant now) {
    if (!members.isEmpty() && !members.containsAll(nowMembers)) {
      lost("new member of store " + store, now);
    }
    if (!nowMembers.isEmpty()) {
      members.clear();
      members.addAll(nowMembers);
    }
  }

  private void lost(String reason, Instant now) {
    why.add(reason);
    changed = now;
    if (since.isEmpty()) {
      since = Optional.of(now);
    }
  }

  private Optional<String> tell(boolean all, boolean any, Instant now) {
    if (since.isEmpty()
        || now.isBefore(changed.plus(QUIET))
        || (told.isAfter(Instant.MIN) && now.isBefore(told.plus(SHORTEST_PAUSE)))) {
      return Optional.empty();
    }
    if (!all && !(any && now.isAfter(since.get().plus(LONGEST_WAIT)))) {
      return Optional.empty();
    }
    String reason = String.join(", ", why.stream().sorted().toList());
    why.clear();
    since = Optional.empty();
    told = now;
    return Optional.of(reason);
  }

  /** What was told came to nothing; it is told again after the pause. */
  void again(String reason, Instant now) {
    lost(reason, now);
  }
}
