package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RunBookTest {
  private static final Instant AT = Instant.parse("2026-11-23T08:00:00Z");

  private final RunBook book = new RunBook(10, 2);
  private final Set<String> held = new HashSet<>();

  @Test
  void runsARunOnceThatWasTakenUpFromTheJournalBeforeItsRequestWasThrough()
      throws InterruptedException {
    WarmupRun run = run("a", State.QUEUED);

    book.takeUp(List.of(run));
    book.enqueue(run);

    assertThat(next()).contains("a");
    assertThat(next()).isEmpty();
  }

  @Test
  void runsARunOnceThatWasRequestedBeforeTheJournalWasRead() throws InterruptedException {
    WarmupRun run = run("a", State.QUEUED);

    book.enqueue(run);
    book.takeUp(List.of(run));

    assertThat(next()).contains("a");
    assertThat(next()).isEmpty();
  }

  @Test
  void runsWhatEarlierProcessesLeftFirstOldestFirst() throws InterruptedException {
    book.enqueue(run("new", State.QUEUED));

    book.takeUp(
        List.of(run("old", State.RUNNING), run("done", State.DONE), run("older", State.QUEUED)));

    assertThat(List.of(next(), next(), next(), next()))
        .containsExactly(
            Optional.of("old"), Optional.of("older"), Optional.of("new"), Optional.empty());
    assertThat(book.find("old").orElseThrow().state()).isEqualTo(State.QUEUED);
  }

  @Test
  void remembersTheLatestEndedRunsAndNamesTheOthers() {
    List<String> forgotten =
        book.takeUp(List.of(run("a", State.DONE), run("b", State.FAILED), run("c", State.DONE)));

    assertThat(forgotten).containsExactly("a");
    assertThat(book.find("a")).isEmpty();
    assertThat(book.find("b")).isPresent();
  }

  @Test
  void doesNotJoinARunThatIsToEnd() throws InterruptedException {
    book.enqueue(run("a", State.QUEUED));
    next();

    book.cancel("a", AT);

    assertThat(book.isToCancel("a")).isTrue();
    assertThat(book.covering(WarmupRequest.hottest("product", 5, "http"))).isEmpty();
  }

  @Test
  void passesOverWhatIsHeldAndRunsItFirstWhenItIsNotHeldAnyMore() throws InterruptedException {
    book.enqueue(run("a", State.QUEUED));
    held.add("product");

    assertThat(next()).isEmpty();

    held.clear();

    assertThat(next()).contains("a");
  }

  @Test
  void putsAStoppedRunBackToTheFrontUnlessItIsToBeCancelled() throws InterruptedException {
    book.enqueue(run("a", State.QUEUED));
    book.enqueue(run("b", State.QUEUED));
    next();

    assertThat(book.putBack(run("a", State.RUNNING)).map(WarmupRun::state)).contains(State.QUEUED);
    assertThat(next()).contains("a");

    book.cancel("a", AT);

    assertThat(book.putBack(run("a", State.RUNNING))).isEmpty();
    assertThat(next()).contains("b");
  }

  private Optional<String> next() throws InterruptedException {
    return book.next(Duration.ZERO, held::contains).map(WarmupRun::id);
  }

  private static WarmupRun run(String id, State state) {
    WarmupRun queued = WarmupRun.queued(id, WarmupRequest.hottest("product", 5, "http"), AT);
    return switch (state) {
      case QUEUED -> queued;
      case RUNNING -> queued.taken("me", AT);
      default -> queued.ended(state, AT, Optional.empty());
    };
  }
}
