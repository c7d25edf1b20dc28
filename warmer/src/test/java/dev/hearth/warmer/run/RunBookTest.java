package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RunBookTest {
  private static final Instant AT = Instant.parse("2026-11-23T08:00:00Z");

  private final RunBook book = new RunBook(10, 2);
  private final Set<String> held = new HashSet<>();

  @Test
  void runsARunOnceWhetherItsRequestOrTheJournalComesFirst() throws InterruptedException {
    book.put(queued("a", 0));
    book.fold(List.of(queued("a", 0), queued("b", 1)));
    book.put(queued("b", 1));

    assertThat(List.of(next(), next(), next()))
        .containsExactly(Optional.of("a"), Optional.of("b"), Optional.empty());
  }

  @Test
  void takesUpWhatAnotherInstanceLeftOldestRequestFirstInANewTerm() throws InterruptedException {
    book.put(queued("new", 9));
    book.fold(List.of(queued("old", 1).taken("other", AT), done("done", 2), queued("older", 0)));

    assertThat(List.of(next(), next(), next(), next()))
        .containsExactly(
            Optional.of("older"), Optional.of("old"), Optional.of("new"), Optional.empty());
    assertThat(book.find("old").orElseThrow())
        .satisfies(
            run -> {
              assertThat(run.term()).isEqualTo(2);
              assertThat(run.owner()).contains("me");
              assertThat(run.progress()).isEqualTo(Progress.NONE);
            });
  }

  @Test
  void remembersTheRunsThatEndedLastAndNamesTheOthers() {
    List<String> forgotten = book.fold(List.of(done("b", 2), done("a", 1), done("c", 3)));

    assertThat(forgotten).containsExactly("a");
    assertThat(book.find("a")).isEmpty();
    assertThat(book.find("b")).isPresent();
  }

  @Test
  void aRunThatIsToEndOrIsHeldCoversNothing() throws InterruptedException {
    book.put(queued("a", 0));
    assertThat(book.covering(request(5))).isPresent();
    assertThat(book.covering(request(6))).isEmpty();
    next();

    book.cancel("a", AT);
    book.put(queued("b", 0).turned(State.PAUSED));

    assertThat(book.covering(request(5))).isEmpty();
  }

  @Test
  void passesOverWhatIsHeldAndRunsItWhenItIsNotHeldAnyMore() throws InterruptedException {
    book.put(queued("a", 0));
    held.add("product");

    assertThat(next()).isEmpty();

    held.clear();

    assertThat(next()).contains("a");
  }

  @Test
  void putsAStoppedRunBackUnlessItIsToBeCancelled() throws InterruptedException {
    book.put(queued("a", 0));
    book.put(queued("b", 1));
    WarmupRun taken = take().orElseThrow();

    assertThat(book.putBack(taken).map(WarmupRun::state)).contains(State.QUEUED);
    WarmupRun again = take().orElseThrow();
    assertThat(again.id()).isEqualTo("a");

    assertThat(book.cancel("a", AT)).isEmpty();

    assertThat(book.hasMoved(again)).isTrue();
    assertThat(book.putBack(again)).isEmpty();
    assertThat(book.end(again.ended(State.CANCELLED, AT, Optional.empty())).map(WarmupRun::state))
        .contains(State.CANCELLED);
  }

  @Test
  void aTakeOverElsewhereEndsTheCountingHere() throws InterruptedException {
    book.put(queued("a", 0));
    WarmupRun mine = take().orElseThrow();

    book.fold(List.of(mine.taken("other", AT)));

    assertThat(book.hasMoved(mine)).isTrue();
    assertThat(book.progressed(mine.with(new Progress(9, 9, 0, 0, 0, 0, 0), Cost.NONE))).isEmpty();
    assertThat(book.end(mine.ended(State.DONE, AT, Optional.empty()))).isEmpty();
    assertThat(book.find("a").orElseThrow().owner()).contains("other");
  }

  @Test
  void aRecordOfAnEarlierTermIsVoid() {
    WarmupRun first = queued("a", 0).taken("first", AT);
    WarmupRun second = first.taken("second", AT);
    WarmupRun late = first.with(new Progress(9, 9, 0, 0, 0, 0, 0), Cost.NONE);

    book.fold(List.of(first));
    book.fold(List.of(second));
    book.fold(List.of(late));
    book.put(late.ended(State.DONE, AT, Optional.empty()));

    assertThat(book.find("a")).contains(second);
  }

  @Test
  void theEchoOfItsOwnWordTakesNoProgressBack() throws InterruptedException {
    book.put(queued("a", 0));
    WarmupRun mine = take().orElseThrow();
    WarmupRun further = mine.with(new Progress(9, 5, 0, 0, 0, 0, 0), Cost.NONE);
    book.progressed(further);

    book.fold(List.of(mine));

    assertThat(book.find("a")).contains(further);
  }

  @Test
  void aPauseKeepsWhatWasDoneByThen() throws InterruptedException {
    book.put(queued("a", 0));
    WarmupRun mine = take().orElseThrow();
    Progress done = new Progress(9, 5, 0, 0, 0, 0, 0);

    book.put(mine.turned(State.PAUSED));
    Optional<WarmupRun> last =
        book.end(mine.with(done, Cost.NONE).ended(State.CANCELLED, AT, Optional.empty()));

    assertThat(last.orElseThrow().state()).isEqualTo(State.PAUSED);
    assertThat(last.orElseThrow().progress()).isEqualTo(done);
    assertThat(next()).isEmpty();
  }

  @Test
  void nothingFollowsUponAnEnd() {
    book.fold(List.of(done("a", 0)));

    book.fold(List.of(queued("a", 0).taken("other", AT).turned(State.PAUSED)));
    book.put(queued("a", 0).taken("other", AT));

    assertThat(book.find("a").orElseThrow().state()).isEqualTo(State.DONE);
    assertThat(book.cancel("a", AT)).isEmpty();
  }

  /** Whatever two instances write of a run, all who read the journal agree on it. */
  @Test
  void theHighestTermCountsAndNoEarlierOneReturns() {
    Cases.check(
        300,
        random -> {
          WarmupRun first = queued("a", 0);
          List<WarmupRun> journal = new ArrayList<>(List.of(first));
          WarmupRun[] views = {first, first};
          for (int step = 0; step < 30; step++) {
            int who = random.nextInt(2);
            if (random.nextInt(3) == 0) {
              views[who] = journal.stream().reduce(first, RunBookTest::later);
            }
            if (!views[who].state().ended()) {
              views[who] = written(views[who], who, random);
              journal.add(views[who]);
            }
          }

          RunBook atOnce = new RunBook(10, 2);
          journal.forEach(record -> atOnce.fold(List.of(record)));
          RunBook twice = new RunBook(10, 2);
          journal.forEach(record -> twice.fold(List.of(record, record)));

          WarmupRun agreed = journal.stream().reduce(first, RunBookTest::later);
          assertThat(atOnce.find("a")).contains(agreed);
          assertThat(twice.find("a")).contains(agreed);
          // Counts are those of one owner in one term.
          assertThat(agreed.progress().stored()).isEqualTo(agreed.progress().planned());
        });
  }

  /** Said here once more, so that it is not the code that judges itself. */
  private static WarmupRun later(WarmupRun known, WarmupRun next) {
    boolean ended = List.of(State.DONE, State.FAILED, State.CANCELLED).contains(known.state());
    return ended || next.term() < known.term() ? known : next;
  }

  /** Each owner counts as many stored as planned, so that mixed counts would show. */
  private static WarmupRun written(WarmupRun view, int who, Random random) {
    int more = random.nextInt(100);
    return switch (random.nextInt(5)) {
      case 0 -> view.taken("instance " + who, AT);
      case 1 -> view.turned(State.PAUSED);
      case 2 -> view.turned(State.QUEUED).with(Progress.NONE, Cost.NONE);
      case 3 -> view.with(new Progress(more, more, 0, 0, 0, 0, 0), Cost.NONE);
      default -> random.nextInt(6) == 0 ? view.ended(State.DONE, AT, Optional.empty()) : view;
    };
  }

  private Optional<String> next() throws InterruptedException {
    Optional<WarmupRun> taken = take();
    taken.ifPresent(
        run ->
            // What was taken ends here, so that it is not taken again.
            book.end(run.ended(State.DONE, AT, Optional.empty())));
    book.leave();
    return taken.map(WarmupRun::id);
  }

  private Optional<WarmupRun> take() throws InterruptedException {
    return book.take(Duration.ZERO, held::contains, "me", AT);
  }

  private static WarmupRequest request(int top) {
    return WarmupRequest.hottest("product", top, "http");
  }

  private static WarmupRun queued(String id, int second) {
    return WarmupRun.queued(id, request(5), AT.plusSeconds(second));
  }

  private static WarmupRun done(String id, int second) {
    return queued(id, second).ended(State.DONE, AT.plusSeconds(second), Optional.empty());
  }
}
