package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.lineage.CacheFinder.Answer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFinderTest {
  private final CacheFinder finder =
      new CacheFinder(
          caches(
              Map.entry("product", "product:{id}"),
              Map.entry("page", "page:{shop}:{id}"),
              Map.entry("any-page", "page:{path}")));

  @SafeVarargs
  private static Map<String, HearthConfig.Cache> caches(Map.Entry<String, String>... keys) {
    Map<String, HearthConfig.Cache> caches = new LinkedHashMap<>();
    for (Map.Entry<String, String> key : keys) {
      caches.put(
          key.getKey(),
          new HearthConfig.Cache(
              List.of("redis"),
              key.getValue(),
              Duration.ofHours(1),
              HearthConfig.Mode.FENCED,
              Duration.ofSeconds(5),
              null));
    }
    return caches;
  }

  @Test
  void findsTheCacheByTheTemplate() {
    assertThat(finder.of("product:42")).isEqualTo(new Answer.Caches(List.of("product")));
  }

  @Test
  void findsAllThatTheKeyCanBelongTo() {
    assertThat(finder.of("page:3:a:b"))
        .as("whichever colon is the separator")
        .isEqualTo(new Answer.Caches(List.of("page", "any-page")));
    assertThat(finder.of("page:3:7", "page")).isEqualTo(new Answer.Caches(List.of("page")));
  }

  @Test
  void anUnknownKeyIsToldWhatKeysLookLike() {
    assertThat(finder.of("prodcut:42"))
        .isEqualTo(
            new Answer.None(
                "key",
                "\"prodcut:42\" is a key of no cache; did you mean \"product:42\"? Keys look like"
                    + " product:{id} (product), page:{shop}:{id} (page), page:{path}"
                    + " (any-page)"));
    assertThat(finder.of("42"))
        .isEqualTo(
            new Answer.None(
                "key",
                "\"42\" is a key of no cache; keys look like product:{id} (product),"
                    + " page:{shop}:{id} (page), page:{path} (any-page)"));
    assertThat(finder.of("product:")).isInstanceOf(Answer.None.class);
  }

  @Test
  void aCacheThatDoesNotFitIsSaidToBeSo() {
    assertThat(finder.of("product:42", "prodct"))
        .isEqualTo(new Answer.None("cache", "there is no cache prodct; did you mean 'product'?"));
    assertThat(finder.of("product:42", "page"))
        .isEqualTo(
            new Answer.None(
                "key",
                "\"product:42\" is no key of cache page; its keys look like page:{shop}:{id}"));
  }

  @Test
  void everyKeyIsTakenLiterally() {
    assertThat(finder.of("product:.*")).isEqualTo(new Answer.Caches(List.of("product")));
    assertThat(finder.of("productX42")).isInstanceOf(Answer.None.class);
  }
}
