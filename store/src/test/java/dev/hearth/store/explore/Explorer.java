package dev.hearth.store.explore;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Visits every state that a world can come to, each once, and checks the promise in it. Nothing
 * that a world does can be done for ever, so that no state comes again, and the interleavings can
 * be counted: those from a state are those from all that may follow it.
 */
final class Explorer {
  /** One state on the way from the beginning to where the search is. */
  private static final class Visit {
    private final World world;
    private final Iterator<World.Move> moves;
    private BigInteger interleavings = BigInteger.ZERO;
    private String latest = "";

    private Visit(World world) {
      this.world = world;
      List<World.Move> all = world.moves();
      this.moves = all.iterator();
      if (all.isEmpty()) {
        interleavings = BigInteger.ONE;
      }
    }
  }

  /**
   * What a search found.
   *
   * @param states visited
   * @param serving states of them in which a reader gets a value that has everything
   * @param interleavings from the beginning to an end; 0 where the search stopped at a violation
   */
  record Result(int states, int serving, BigInteger interleavings, Optional<Violation> violation) {}

  private Explorer() {}

  /** Explores all, or up to the first violation. */
  static Result explore(World begin) {
    Map<World, BigInteger> visited = new HashMap<>();
    Deque<Visit> path = new ArrayDeque<>();
    int serving = 0;
    path.push(new Visit(begin));
    while (true) {
      Visit at = path.element();
      if (at.moves.hasNext()) {
        World.Move move = at.moves.next();
        at.latest = move.name();
        BigInteger known = visited.get(move.after());
        if (known != null) {
          at.interleavings = at.interleavings.add(known);
          continue;
        }
        Optional<Violation.Promise> broken = move.after().broken();
        if (broken.isPresent()) {
          return new Result(
              visited.size() + path.size(),
              serving,
              BigInteger.ZERO,
              Optional.of(new Violation(broken.get(), names(path))));
        }
        serving += move.after().serves() ? 1 : 0;
        path.push(new Visit(move.after()));
      } else {
        path.pop();
        visited.put(at.world, at.interleavings);
        if (path.isEmpty()) {
          return new Result(visited.size(), serving, at.interleavings, Optional.empty());
        }
        path.element().interleavings = path.element().interleavings.add(at.interleavings);
      }
    }
  }

  private static List<String> names(Deque<Visit> path) {
    List<String> names = new ArrayList<>();
    path.descendingIterator().forEachRemaining(visit -> names.add(visit.latest));
    return List.copyOf(names);
  }
}
