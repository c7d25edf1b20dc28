package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupCommand;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CommandCheckTest {
  private static final Instant NOW = Instant.parse("2026-11-23T18:00:00Z");
  private static final Optional<String> NONE = Optional.empty();

  @Test
  void aPlanOrACacheCanBeAskedFor() {
    assertThat(problem(command("a", Optional.of("nightly"), NONE, 10_000, NOW))).isEmpty();
    assertThat(problem(command("a", NONE, Optional.of("product"), 1, NOW.minusSeconds(3_600))))
        .isEmpty();
  }

  @Test
  void allThatIsWrongIsSaidAtOnce() {
    assertThat(
            problem(
                new WarmupCommand(
                    " ",
                    Optional.of("weekly"),
                    Optional.of("page"),
                    0,
                    "x".repeat(201),
                    NOW.minusSeconds(3_601))))
        .contains(
            "id: expected 1 to 200 characters; plan, cache: expected one of both; plan: \"weekly\""
                + " is not known; expected one of nightly; cache: \"page\" is not known, or cannot"
                + " be warmed; expected one of product; top: 0 is out of range; expected 1 to"
                + " 1000000; requestedBy: expected at most 200 characters; requestedAt:"
                + " 2026-11-23T16:59:59Z is more than 1 h ago; send the command again if it is"
                + " still wanted");
    assertThat(problem(command("a", NONE, NONE, 1, NOW)))
        .contains("plan, cache: expected one of both");
  }

  private static WarmupCommand command(
      String id, Optional<String> plan, Optional<String> cache, int top, Instant at) {
    return new WarmupCommand(id, plan, cache, top, "", at);
  }

  private static Optional<String> problem(WarmupCommand command) {
    return CommandCheck.problem(command, Set.of("nightly"), Set.of("product"), NOW);
  }
}
