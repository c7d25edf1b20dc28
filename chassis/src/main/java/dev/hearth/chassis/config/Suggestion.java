package dev.hearth.chassis.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Finds the word that was probably meant. */
public final class Suggestion {

  private Suggestion() {}

  /** The nearest word, when few of its letters differ: one of up to three, a third of many. */
  public static Optional<String> nearest(String typed, Collection<String> words) {
    return words.stream()
        .filter(word -> distance(typed, word) <= tolerance(word))
        .min(Comparator.comparingInt(word -> distance(typed, word)));
  }

  /** {@code ; did you mean 'x'?}, or the words to choose from, or nothing where there are none. */
  public static String clause(String typed, Collection<String> words) {
    return nearest(typed, words)
        .map(word -> "; did you mean '" + word + "'?")
        .orElse(words.isEmpty() ? "" : "; expected one of " + String.join(", ", words));
  }

  /** Two swapped letters are two differences. */
  private static int tolerance(String word) {
    return word.length() < 4 ? 1 : Math.max(2, word.length() / 3);
  }

  private static int distance(String typed, String word) {
    return LevenshteinDistance.getDefaultInstance()
        .apply(typed.toLowerCase(Locale.ROOT), word.toLowerCase(Locale.ROOT));
  }
}
