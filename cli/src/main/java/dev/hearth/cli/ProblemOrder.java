package dev.hearth.cli;

import dev.hearth.chassis.config.Problem;
import java.util.Comparator;
import java.util.regex.Pattern;

/** Problems as one reads a configuration: section by section, the second rule before the tenth. */
final class ProblemOrder {
  private static final Pattern NUMBER = Pattern.compile("\\[(\\d{1,9})]");

  /** What several checks found, as if one had. */
  static final Comparator<Problem> BY_PLACE =
      Comparator.comparing(problem -> sortable(problem.path()));

  private ProblemOrder() {}

  /** Sections stand in the alphabet as they do in a configuration: caches before rules. */
  private static String sortable(String path) {
    return NUMBER
        .matcher(path)
        .replaceAll(index -> "[%09d]".formatted(Integer.parseInt(index.group(1))));
  }
}
