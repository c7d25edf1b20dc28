package dev.hearth.warmer.trigger;

import dev.hearth.schemas.warmup.WarmupCommand;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What is wrong with a command; pure. */
final class CommandCheck {
  /** A command that waited longer asks for what has long been warm, or is not wanted any more. */
  static final Duration OLDEST = Duration.ofHours(1);

  private static final int LONGEST_TEXT = 200;

  private CommandCheck() {}

  /**
   * All that is wrong, in one sentence; empty for a command that can be followed.
   *
   * @param plans names in the configuration
   * @param caches that can be warmed
   */
  static Optional<String> problem(
      WarmupCommand command, Set<String> plans, Set<String> caches, Instant now) {
    List<String> problems = new ArrayList<>();
    if (command.id().isBlank() || command.id().length() > LONGEST_TEXT) {
      problems.add("id: expected 1 to " + LONGEST_TEXT + " characters");
    }
    if (command.plan().isPresent() == command.cache().isPresent()) {
      problems.add("plan, cache: expected one of both");
    }
    command
        .plan()
        .filter(plan -> !plans.contains(plan))
        .ifPresent(plan -> problems.add("plan: \"" + plan + "\" is not known; " + expected(plans)));
    command
        .cache()
        .filter(cache -> !caches.contains(cache))
        .ifPresent(
            cache ->
                problems.add(
                    "cache: \""
                        + cache
                        + "\" is not known, or cannot be warmed; "
                        + expected(caches)));
    if (!WarmupRequestBody.isSane(command.top())) {
      problems.add(
          "top: "
              + command.top()
              + " is out of range; expected 1 to "
              + WarmupRequestBody.MOST_KEYS);
    }
    if (command.requestedBy().length() > LONGEST_TEXT) {
      problems.add("requestedBy: expected at most " + LONGEST_TEXT + " characters");
    }
    if (command.requestedAt().isBefore(now.minus(OLDEST))) {
      problems.add(
          "requestedAt: "
              + command.requestedAt()
              + " is more than "
              + OLDEST.toHours()
              + " h ago; send the command again if it is still wanted");
    }
    return problems.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", problems));
  }

  private static String expected(Set<String> names) {
    return names.isEmpty() ? "there is none" : WarmupRequestBody.known(names);
  }
}
