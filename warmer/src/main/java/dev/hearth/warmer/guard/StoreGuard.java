package dev.hearth.warmer.guard;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Meta;
import dev.hearth.store.StoreRoom;
import dev.hearth.store.standby.EpochHistories;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import javax.sql.DataSource;

/**
 * Keeps runs from a store that is not fresh, or has no room. Asks the primary, and the store; each
 * answer may take two or three times the timeout. For one thread at a time.
 */
public final class StoreGuard {
  /** A store that evicted a while ago for its own reasons is not held against a run. */
  private static final Duration MEMORY_OF_EVICTIONS = Duration.ofSeconds(30);

  /** After it, a check is that of another run. */
  private static final Duration FORGOTTEN = Duration.ofSeconds(10);

  /** A proof as young as this part of what is allowed need not be renewed. */
  private static final int RENEWED_AFTER = 4;

  private final FencedStore store;
  private final List<CacheKey> probes;
  private final DataSource primary;
  private final EpochHistories histories;
  private final GuardSettings settings;
  private final LongSupplier ticker;

  private StreamProof proof = StreamProof.NONE;
  private Optional<Long> waitingSince = Optional.empty();
  private long checkedNanos;
  private List<StoreRoom> rooms = List.of();
  private List<StoreRoom> roomsBefore = List.of();
  private long roomsNanos;

  /**
   * @param cache whose stream it is; any that is in the store
   * @param partitions of the invalidations
   * @param primary in autocommit
   * @param ticker as {@link System#nanoTime}
   */
  public StoreGuard(
      FencedStore store,
      String cache,
      int partitions,
      DataSource primary,
      EpochHistories histories,
      GuardSettings settings,
      LongSupplier ticker) {
    this.store = store;
    this.probes = probes(cache, partitions);
    this.primary = primary;
    this.histories = histories;
    this.settings = settings;
    this.ticker = ticker;
  }

  /** A key of each partition, which nobody has to have. */
  private static List<CacheKey> probes(String cache, int partitions) {
    List<CacheKey> probes = new ArrayList<>();
    for (int partition = 0; partition < partitions; partition++) {
      int n = 0;
      while (KeySlot.partitionOf("probe:" + n, partitions) != partition) {
        n++;
      }
      probes.add(new CacheKey(cache, "probe:" + n));
    }
    return probes;
  }

  /**
   * Whether some keys may be filled now.
   *
   * @param keys how many
   * @param expectedBytes of their values; 0 where nothing is known of them
   */
  public Answer check(int keys, long expectedBytes) {
    long before = checkedNanos;
    Optional<String> unknown = stale().or(this::unknownRoom);
    long now = ticker.getAsLong();
    checkedNanos = now;
    if (Duration.ofNanos(now - before).compareTo(FORGOTTEN) > 0) {
      waitingSince = Optional.empty();
    }
    if (unknown.isEmpty()) {
      waitingSince = Optional.empty();
      return MemoryRule.refusal(
              store.name(), rooms, roomsBefore, keys, expectedBytes, settings.fullAt())
          .<Answer>map(Answer.Refuse::new)
          .orElse(Answer.GO);
    }
    long since = waitingSince.orElse(now);
    waitingSince = Optional.of(since);
    return Duration.ofNanos(now - since).compareTo(settings.longestWait()) < 0
        ? new Answer.Wait(unknown.get())
        : refused(unknown.get());
  }

  private Answer refused(String sentence) {
    // Who asks for another run later waits as long again.
    waitingSince = Optional.empty();
    return new Answer.Refuse(
        sentence
            + "; waited "
            + settings.longestWait().toSeconds()
            + " s; hearth status says which service stands still");
  }

  /** Why the store may be too old; empty where it is proven not to be. */
  private Optional<String> stale() {
    String problem = "";
    try {
      renew();
      if (proof.wantsMark() && !isProvenWithin(settings.freshWithin())) {
        // What was reached is a mark of long ago; the store may be at that of now as well.
        renew();
      }
    } catch (SQLException e) {
      problem = ": the primary does not say where it stands (" + e.getMessage() + ")";
    } catch (ExecutionException | TimeoutException e) {
      problem = ": the store does not say where it stands (" + reason(e) + ")";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      problem = ": interrupted";
    }
    if (isProvenWithin(settings.freshWithin())) {
      return Optional.empty();
    }
    Optional<Duration> age = proof.age(ticker.getAsLong());
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the stream of invalidations to store %s is not fresh: %s, expected at most %d s%s",
            store.name(),
            age.map(
                    old ->
                        String.format(
                            Locale.ROOT,
                            "what it held was last proven true %d s ago",
                            old.toSeconds()))
                .orElse("nothing proves yet how old what it holds is"),
            settings.freshWithin().toSeconds(),
            problem));
  }

  private void renew()
      throws SQLException, ExecutionException, TimeoutException, InterruptedException {
    if (proof.wantsMark() && !isProvenWithin(settings.freshWithin().dividedBy(RENEWED_AFTER))) {
      try (Connection connection = primary.getConnection()) {
        proof = proof.with(PrimaryMark.of(connection, ticker.getAsLong(), settings.timeout()));
      }
    }
    proof = proof.seen(applied(), histories);
  }

  private boolean isProvenWithin(Duration bound) {
    return proof.age(ticker.getAsLong()).filter(age -> age.compareTo(bound) <= 0).isPresent();
  }

  private List<Optional<Position>> applied()
      throws ExecutionException, TimeoutException, InterruptedException {
    List<CompletableFuture<Optional<Meta>>> asked =
        probes.stream().map(probe -> store.meta(probe).toCompletableFuture()).toList();
    await(CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)));
    return asked.stream().map(each -> each.join().map(Meta::applied)).toList();
  }

  /** Asks for the room that there is; why that is not known, where it is not. */
  private Optional<String> unknownRoom() {
    List<StoreRoom> now;
    try {
      now = await(store.room());
    } catch (ExecutionException | TimeoutException e) {
      return Optional.of(
          "store " + store.name() + " does not say how much room it has (" + reason(e) + ")");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    }
    long nanos = ticker.getAsLong();
    roomsBefore =
        Duration.ofNanos(nanos - roomsNanos).compareTo(MEMORY_OF_EVICTIONS) < 0 ? rooms : List.of();
    rooms = now;
    roomsNanos = nanos;
    return Optional.empty();
  }

  private <T> T await(CompletionStage<T> stage)
      throws ExecutionException, TimeoutException, InterruptedException {
    return stage.toCompletableFuture().get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
  }

  private String reason(Exception failure) {
    return failure instanceof TimeoutException
        ? "no answer within " + settings.timeout().toMillis() + " ms"
        : String.valueOf(failure.getCause() == null ? failure : failure.getCause().getMessage());
  }
}
