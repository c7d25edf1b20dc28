package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Era;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StoreQuestionsTest {
  private static final CacheKey KEY = new CacheKey("product", "product:42");

  @Test
  void tellsWhatEachStoreHolds() {
    Map<String, FencedStore> stores =
        Map.of(
            "full",
            store(() -> CompletableFuture.completedFuture(Optional.of(hit(Value.of(new byte[9]))))),
            "negative",
            store(() -> CompletableFuture.completedFuture(Optional.of(hit(Value.absent())))),
            "empty",
            store(() -> CompletableFuture.completedFuture(Optional.empty())));

    try (StoreQuestions questions = new StoreQuestions(stores)) {
      assertThat(fenced(questions, "full", "negative", "empty", "elsewhere"))
          .containsEntry("full", new Found.Entry(new Position(1, 5), 9))
          .containsEntry("negative", new Found.Entry(new Position(1, 5), -1))
          .containsEntry("empty", new Found.Nothing())
          .containsEntry("elsewhere", new Found.NotKnown("this service does not know the store"));
      assertThat(questions.ask(List.of("full"), HearthConfig.Mode.PLAIN, KEY).answers())
          .containsEntry("full", new Found.Value(3));
    }
  }

  @Test
  void aStoreThatHangsOrIsAwayIsNotKnownAndHoldsUpNoOther() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Map<String, FencedStore> stores =
        Map.of(
            "silent",
            store(CompletableFuture::new),
            "connecting",
            store(
                () -> {
                  try {
                    end.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return CompletableFuture.completedFuture(Optional.empty());
                }),
            "away",
            store(
                () -> {
                  throw new StoreUnavailableException("it is away");
                }),
            "empty",
            store(() -> CompletableFuture.completedFuture(Optional.empty())));

    try (StoreQuestions questions = new StoreQuestions(stores)) {
      long began = System.nanoTime();
      Map<String, Found> answers = fenced(questions, "silent", "connecting", "away", "empty");

      assertThat(Duration.ofNanos(System.nanoTime() - began))
          .as("asked at once, not one after the other, and never without end")
          .isLessThan(Duration.ofSeconds(30));
      assertThat(answers)
          .containsEntry("silent", new Found.NotKnown("store did not answer within 500 ms"))
          .containsEntry("connecting", new Found.NotKnown("store did not answer within 500 ms"))
          .containsEntry("away", new Found.NotKnown("it is away"))
          .containsEntry("empty", new Found.Nothing());
    } finally {
      end.countDown();
    }
  }

  private static Map<String, Found> fenced(StoreQuestions questions, String... stores) {
    return questions.ask(List.of(stores), HearthConfig.Mode.FENCED, KEY).answers();
  }

  private static ReadOutcome.Hit hit(Value value) {
    Position position = new Position(1, 5);
    return new ReadOutcome.Hit(value, position, position, new Era(1, 1, 0), 7);
  }

  /** A store of which only reading without a lease is asked. */
  private static FencedStore store(Supplier<CompletionStage<Optional<ReadOutcome.Hit>>> peek) {
    return new FencedStore() {
      @Override
      public String name() {
        return "store";
      }

      @Override
      public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
        return peek.get();
      }

      @Override
      public CompletionStage<Optional<byte[]>> raw(CacheKey key) {
        return CompletableFuture.completedFuture(Optional.of(new byte[3]));
      }

      @Override
      public CompletionStage<ReadOutcome> get(CacheKey key) {
        throw new UnsupportedOperationException("a lease would change the store");
      }

      @Override
      public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
        throw new UnsupportedOperationException("a lease would change the store");
      }

      @Override
      public CompletionStage<FillOutcome> fill(
          CacheKey key, Lease lease, Value value, Duration ttl) {
        throw new UnsupportedOperationException();
      }

      @Override
      public CompletionStage<Void> release(CacheKey key, Lease lease) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Stream<String> keys(String cache, String prefix) {
        throw new UnsupportedOperationException();
      }

      @Override
      public void close() {}
    };
  }
}
