package dev.hearth.invalidator.lineage;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code GET /v1/why?key=&cache=}: the story of a key, from any instance. */
public final class WhyRoutes implements Routes, AutoCloseable {
  /** Keys of a store may be long; whoever asks with more has lost the way. */
  private static final int LONGEST_KEY = 4096;

  private final Map<String, HearthConfig.Cache> caches;
  private final CacheFinder finder;
  private final Storyteller storyteller;
  private final StoreQuestions questions;
  private final LineageRecorder recorder;
  private final Clock clock;

  /**
   * The routes.
   *
   * @param readers by store; they stay the caller's
   */
  public WhyRoutes(
      HearthConfig config,
      Topics topics,
      Map<String, FencedStore> readers,
      LineageRecorder recorder,
      Clock clock) {
    this.caches = config.caches();
    this.finder = new CacheFinder(caches);
    this.storyteller = new Storyteller(topics.invalidations(), recorder.limits());
    this.questions = new StoreQuestions(readers);
    this.recorder = recorder;
    this.clock = clock;
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.get("/v1/why", this::why);
  }

  private void why(Context context) {
    String key = context.queryParam("key");
    if (key == null || key.isEmpty() || key.length() > LONGEST_KEY) {
      throw new ProblemException(
          ProblemDetail.of(
              400,
              "Bad Request",
              key == null || key.isEmpty() ? "The key is missing." : "The key is too long.",
              new FieldError(
                  "key",
                  "expected a key of 1 to "
                      + LONGEST_KEY
                      + " characters, as in /v1/why?key=product:42")));
    }
    List<String> named = found(key, context.queryParam("cache"));
    try {
      Instant now = clock.instant();
      Progress progress = recorder.progress();
      // Asked first, and all at once: what is recorded afterwards knows at least what an entry was
      // filled after.
      Map<String, StoreQuestions.Asked> asked = new LinkedHashMap<>();
      named.forEach(cache -> asked.put(cache, ask(cache, key)));
      List<WhyAnswer.KeyStory> stories = new ArrayList<>();
      asked.forEach((cache, held) -> stories.add(story(cache, key, held, progress, now)));
      context.header("Cache-Control", "no-store").json(new WhyAnswer(key, now, stories));
    } catch (LineageUnavailableException e) {
      throw new ProblemException(
          ProblemDetail.of(
              503, "Service Unavailable", "Lineage cannot be told now: " + e.getMessage() + "."));
    }
  }

  private List<String> found(String key, @Nullable String cache) {
    CacheFinder.Answer answer = cache == null ? finder.of(key) : finder.of(key, cache);
    if (answer instanceof CacheFinder.Answer.None none) {
      throw new ProblemException(
          ProblemDetail.of(
              404,
              "Not Found",
              "There is nothing to tell.",
              new FieldError(none.field(), none.sentence())));
    }
    return ((CacheFinder.Answer.Caches) answer).names();
  }

  private StoreQuestions.Asked ask(String cache, String key) {
    HearthConfig.Cache settings = settings(cache);
    return questions.ask(settings.stores(), settings.mode(), new CacheKey(cache, key));
  }

  private WhyAnswer.KeyStory story(
      String cache, String key, StoreQuestions.Asked asked, Progress progress, Instant now) {
    Map<String, Found> held = asked.answers();
    return recorder.read(
        recorded -> storyteller.tell(cache, settings(cache), key, recorded, progress, held, now));
  }

  private HearthConfig.Cache settings(String cache) {
    HearthConfig.Cache settings = caches.get(cache);
    if (settings == null) {
      throw new IllegalStateException("cache " + cache + " was found and is not there");
    }
    return settings;
  }

  @Override
  public void close() {
    questions.close();
  }
}
