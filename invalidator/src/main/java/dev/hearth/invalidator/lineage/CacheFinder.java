package dev.hearth.invalidator.lineage;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Which caches a key can belong to, by their templates. Immutable, no I/O. */
final class CacheFinder {
  private final Map<String, KeyTemplate> templates = new LinkedHashMap<>();
  private final Map<String, Pattern> keys = new LinkedHashMap<>();

  CacheFinder(Map<String, HearthConfig.Cache> caches) {
    caches.forEach(
        (name, cache) -> {
          KeyTemplate template = KeyTemplate.parse(cache.key());
          templates.put(name, template);
          keys.put(
              name,
              Pattern.compile(
                  Arrays.stream(template.shape().split("\\{}", -1))
                      .map(Pattern::quote)
                      .collect(Collectors.joining(".+")),
                  Pattern.DOTALL));
        });
  }

  /** What was found. */
  sealed interface Answer {
    /** At least one. */
    record Caches(List<String> names) implements Answer {}

    /**
     * None.
     *
     * @param sentence what is wrong, and what to do
     * @param field which of key and cache it is about
     */
    record None(String field, String sentence) implements Answer {}
  }

  /** The caches whose keys look like this one. */
  Answer of(String key) {
    List<String> found =
        keys.entrySet().stream()
            .filter(each -> each.getValue().matcher(key).matches())
            .map(Map.Entry::getKey)
            .toList();
    return found.isEmpty()
        ? new Answer.None(
            "key",
            "\""
                + key
                + "\" is a key of no cache; "
                + meant(key).map(like -> "did you mean \"" + like + "\"? Keys").orElse("keys")
                + " look like "
                + templates.entrySet().stream()
                    .map(each -> each.getValue() + " (" + each.getKey() + ")")
                    .collect(Collectors.joining(", ")))
        : new Answer.Caches(found);
  }

  /** The cache of this name, if the key can be one of its keys. */
  Answer of(String key, String cache) {
    KeyTemplate template = templates.get(cache);
    if (template == null) {
      return new Answer.None(
          "cache", "there is no cache " + cache + Suggestion.clause(cache, templates.keySet()));
    }
    if (of(key) instanceof Answer.Caches found && found.names().contains(cache)) {
      return new Answer.Caches(List.of(cache));
    }
    return new Answer.None(
        "key", "\"" + key + "\" is no key of cache " + cache + "; its keys look like " + template);
  }

  /** A key that begins nearly as those of a cache do. */
  private Optional<String> meant(String key) {
    for (KeyTemplate template : templates.values()) {
      String prefix = template.shape().substring(0, template.shape().indexOf("{}"));
      int colon = key.indexOf(':') + 1;
      String typed = colon > 0 ? key.substring(0, colon) : "";
      if (!prefix.isEmpty()
          && !typed.isEmpty()
          && Suggestion.nearest(typed, List.of(prefix)).isPresent()) {
        String like = prefix + key.substring(colon);
        if (of(like, template)) {
          return Optional.of(like);
        }
      }
    }
    return Optional.empty();
  }

  private boolean of(String key, KeyTemplate template) {
    return templates.entrySet().stream()
        .filter(each -> each.getValue().equals(template))
        .map(each -> keys.get(each.getKey()))
        .anyMatch(pattern -> pattern != null && pattern.matcher(key).matches());
  }
}
