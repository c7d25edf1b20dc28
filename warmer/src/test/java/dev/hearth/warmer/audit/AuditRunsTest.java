package dev.hearth.warmer.audit;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.audit.AuditVerdict.Mode;
import dev.hearth.schemas.position.Position;
import dev.hearth.warmer.audit.AuditRequest.Target;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuditRunsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
  private static final Target PRODUCT = new Target("product", "redis", Mode.FENCED);
  private static final Target NOTE = new Target("note", "redis", Mode.PLAIN);

  private final AtomicLong nanos = new AtomicLong(5);
  private final CountDownLatch held = new CountDownLatch(1);
  private final ConcurrentLinkedQueue<String> compared = new ConcurrentLinkedQueue<>();
  private AuditRuns.Pass pass = (cache, store, chosen, counts) -> verdict(cache, store);
  private final AuditRuns runs =
      new AuditRuns(
          (cache, store, chosen, counts) -> pass.compare(cache, store, chosen, counts),
          Clock.fixed(NOW, ZoneOffset.UTC),
          nanos::get,
          time -> nanos.addAndGet(time.toNanos()));

  @AfterEach
  void close() {
    runs.close();
  }

  @Test
  void passesOverItsTargetsOnce() {
    AuditRun run = ended(once(PRODUCT, NOTE));

    assertThat(run.state()).isEqualTo(AuditRun.State.DONE);
    assertThat(run.finishedAt()).contains(NOW);
    assertThat(compared).containsExactly("product", "note");
    assertThat(run.parts()).allMatch(part -> part.passes() == 1 && part.complete());
  }

  @Test
  void passesOverThemWithAnotherSampleEachSecondUntilTheTimeIsOver() {
    Set<List<String>> samples = new HashSet<>();
    List<String> keys = Stream.iterate(0, id -> id + 1).limit(5_000).map(id -> "k:" + id).toList();
    pass =
        (cache, store, chosen, counts) -> {
          samples.add(chosen.apply(keys.stream()).toList());
          return verdict(cache, store);
        };

    AuditRun run =
        ended(
            new AuditRequest(List.of(PRODUCT), 0.1, Optional.of(Duration.ofSeconds(3)), List.of()));

    assertThat(run.state()).isEqualTo(AuditRun.State.DONE);
    assertThat(run.parts().get(0).passes()).isEqualTo(3);
    assertThat(samples).hasSize(3);
  }

  @Test
  void takesNoMoreKeysOnceTheTimeIsOver() {
    pass =
        (cache, store, chosen, counts) -> {
          Stream<String> endless = Stream.generate(() -> "product:" + nanos.addAndGet(1_000_000));
          assertThat(chosen.apply(endless).count()).isPositive();
          return verdict(cache, store);
        };

    AuditRun run =
        ended(new AuditRequest(List.of(PRODUCT), 1, Optional.of(Duration.ofSeconds(1)), List.of()));

    assertThat(run.state()).isEqualTo(AuditRun.State.DONE);
    assertThat(run.parts().get(0).passes()).isEqualTo(1);
    assertThat(run.parts().get(0).complete()).isFalse();
  }

  @Test
  void goesOnWithTheOthersWhereOneCannotBeCompared() {
    pass =
        (cache, store, chosen, counts) -> {
          if (cache.equals("product")) {
            throw new IllegalStateException("the store does not answer");
          }
          return verdict(cache, store);
        };

    AuditRun run =
        ended(
            new AuditRequest(
                List.of(PRODUCT, NOTE), 1, Optional.of(Duration.ofSeconds(2)), List.of()));

    assertThat(run.state()).isEqualTo(AuditRun.State.FAILED);
    assertThat(run.parts().get(0).problem()).contains("the store does not answer");
    assertThat(run.parts().get(1).problem()).isEmpty();
    assertThat(run.parts().get(1).passes()).isEqualTo(2);
  }

  @Test
  void runsOneAtATimeAndAnotherOnceThatIsCancelled() {
    pass =
        (cache, store, chosen, counts) -> {
          if (cache.equals("product")) {
            held.await();
          }
          return verdict(cache, store);
        };
    AuditRun first = started(runs.begin(once(PRODUCT)));

    assertThat(runs.begin(once(NOTE))).isEqualTo(new AuditRuns.Answer.Busy(first));
    assertThat(runs.cancel("nobody")).isEmpty();
    assertThat(first.state()).isEqualTo(AuditRun.State.RUNNING);
    assertThat(runs.cancel(first.id())).contains(first);
    assertThat(first.state()).isEqualTo(AuditRun.State.CANCELLED);

    AuditRun second = ended(once(NOTE));

    assertThat(second.state()).isEqualTo(AuditRun.State.DONE);
    assertThat(first.state()).isEqualTo(AuditRun.State.CANCELLED);
    assertThat(runs.all()).containsExactly(first, second);
    assertThat(runs.cancel(second.id())).contains(second);
    assertThat(second.state()).isEqualTo(AuditRun.State.DONE);
  }

  @Test
  void isNotInTheWayOfTheNextOneWhereItDiesOfAnError() {
    pass =
        (cache, store, chosen, counts) -> {
          if (cache.equals("product")) {
            throw new StackOverflowError("as a test wants it");
          }
          return verdict(cache, store);
        };

    assertThat(ended(once(PRODUCT)).state()).isEqualTo(AuditRun.State.FAILED);
    assertThat(ended(once(NOTE)).state()).isEqualTo(AuditRun.State.DONE);
  }

  @Test
  void endsWhatRunsWhenItIsClosed() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    pass =
        (cache, store, chosen, counts) -> {
          entered.countDown();
          try {
            held.await();
          } finally {
            left.countDown();
          }
          return verdict(cache, store);
        };
    AuditRun run = started(runs.begin(once(PRODUCT, NOTE)));
    entered.await();

    runs.close();

    assertThat(left.getCount()).isZero();
    assertThat(run.state()).isEqualTo(AuditRun.State.CANCELLED);
    assertThat(compared).isEmpty();
  }

  @Test
  void remembersTheLatestTwenty() {
    AuditRun oldest = ended(once(NOTE));
    AuditRun next = ended(once(NOTE));

    for (int i = 0; i < 19; i++) {
      ended(once(NOTE));
    }

    assertThat(runs.find(oldest.id())).isEmpty();
    assertThat(runs.find(next.id())).contains(next);
    assertThat(runs.all()).hasSize(20);
  }

  private AuditRun ended(AuditRequest request) {
    AuditRun run = started(runs.begin(request));
    eventually(run::state, state -> assertThat(state).isNotEqualTo(AuditRun.State.RUNNING));
    return run;
  }

  private static AuditRun started(AuditRuns.Answer answer) {
    assertThat(answer).isInstanceOf(AuditRuns.Answer.Started.class);
    return ((AuditRuns.Answer.Started) answer).run();
  }

  private static AuditRequest once(Target... targets) {
    return new AuditRequest(List.of(targets), 1, Optional.empty(), List.of());
  }

  private AuditVerdict verdict(String cache, String store) {
    compared.add(cache);
    return new AuditVerdict(cache, store, 0, 0, Position.NONE, NOW, Optional.empty(), Mode.FENCED);
  }
}
