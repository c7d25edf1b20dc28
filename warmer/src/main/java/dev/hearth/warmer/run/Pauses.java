package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.Pause;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The caches whose runs an operator holds. A pause is in the journal before it is answered, and
 * what the journal holds is known before the first run begins: a restart lets nothing go that was
 * held. Only what fills caches is held; nothing that takes entries out ever is. Thread-safe.
 */
public final class Pauses {
  private static final Logger log = LoggerFactory.getLogger(Pauses.class);
  private static final Duration LONGEST_ACKNOWLEDGEMENT = Duration.ofSeconds(15);

  private final PauseJournal journal;
  private final Clock clock;

  /** Held over a change and its record, so that what is read in between takes nothing back. */
  private final Object changing = new Object();

  private final Map<String, Pause> standing = new TreeMap<>();
  private volatile boolean known;

  public Pauses(PauseJournal journal, Clock clock) {
    this.journal = journal;
    this.clock = clock;
  }

  /**
   * Learns what stands, by whichever instance.
   *
   * @throws RuntimeException where that cannot be told; before the first time, nothing may run then
   */
  void takeUp() {
    synchronized (changing) {
      Collection<Pause> all = journal.read();
      synchronized (this) {
        standing.clear();
        all.forEach(pause -> standing.put(pause.key(), pause));
      }
      known = true;
    }
  }

  /** Whether what stands has been learned. */
  public boolean isKnown() {
    return known;
  }

  /** Whether runs of a cache are held. */
  public synchronized boolean holds(String cache) {
    return standing.containsKey(Pause.ALL) || standing.containsKey(cache);
  }

  /** Those that stand, that of all caches first. */
  public synchronized List<Pause> all() {
    return List.copyOf(standing.values());
  }

  /**
   * Holds the runs of a cache, or of all; the one that runs ends its present batches.
   *
   * @return why not; empty where it is so
   */
  public Optional<String> pause(Optional<String> cache, String reason) {
    Pause pause = new Pause(cache, reason, clock.instant().truncatedTo(ChronoUnit.MILLIS));
    synchronized (changing) {
      Optional<String> unkept = await(journal.publish(pause));
      if (unkept.isEmpty()) {
        synchronized (this) {
          standing.put(pause.key(), pause);
        }
        log.info("paused cache={} reason=\"{}\"", pause.key(), reason);
      }
      return unkept;
    }
  }

  /**
   * Lets the runs of a cache go on, or those of all.
   *
   * @return why not; empty where it is so
   */
  public Optional<String> resume(Optional<String> cache) {
    synchronized (changing) {
      return forget(cache);
    }
  }

  private Optional<String> forget(Optional<String> cache) {
    if (!known) {
      return Optional.of("what is paused has not been read yet; try again in a moment");
    }
    List<Pause> wanted =
        all().stream().filter(pause -> cache.isEmpty() || pause.cache().equals(cache)).toList();
    if (cache.isPresent() && wanted.isEmpty() && holds(cache.get())) {
      return Optional.of("all caches are paused, and so is this one; resume all of them");
    }
    for (Pause pause : wanted) {
      Optional<String> unkept = await(journal.forget(pause.key()));
      if (unkept.isPresent()) {
        return unkept;
      }
      synchronized (this) {
        standing.remove(pause.key());
      }
      log.info("resumed cache={}", pause.key());
    }
    return Optional.empty();
  }

  private static Optional<String> await(CompletionStage<Void> written) {
    try {
      written.toCompletableFuture().get(LONGEST_ACKNOWLEDGEMENT.toMillis(), TimeUnit.MILLISECONDS);
      return Optional.empty();
    } catch (ExecutionException e) {
      return Optional.of(unkept(String.valueOf(e.getCause())));
    } catch (TimeoutException e) {
      return Optional.of(unkept("no answer within " + LONGEST_ACKNOWLEDGEMENT.toSeconds() + " s"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(unkept("interrupted"));
    }
  }

  private static String unkept(String reason) {
    return "it could not be written down, so that a restart would not know of it ("
        + reason
        + "); try again when Kafka answers";
  }
}
