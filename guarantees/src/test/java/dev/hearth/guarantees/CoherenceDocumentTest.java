package dev.hearth.guarantees;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What docs/coherence.md says of tests, models and code is there. */
class CoherenceDocumentTest {
  private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
  private static final int RACES = 24;

  private final Path root = root();
  private final Map<String, List<String>> sources = new TreeMap<>();

  @Test
  void namesEveryRaceOnceAndInOrder() throws IOException {
    assertThat(races())
        .extracting(row -> row.get(0).split(" ")[0])
        .isEqualTo(IntStream.rangeClosed(1, RACES).mapToObj(n -> "R" + n).toList());
    assertThat(races()).allSatisfy(row -> assertThat(quoted(row.get(2))).isNotEmpty());
  }

  @Test
  void everyTestThatTheRacesNameExists() throws IOException {
    for (List<String> row : races()) {
      List<String> named = new ArrayList<>(quoted(row.get(2)));
      quoted(row.get(3)).stream().filter(name -> name.contains("#")).forEach(named::add);

      for (String name : named) {
        assertThat(isIn("src/test/java", name)).as("%s of %s", name, row.get(0)).isTrue();
      }
    }
  }

  @Test
  void everySwitchThatTheRacesNameExists() throws IOException {
    String switches =
        Files.readString(
            root.resolve("store/src/test/java/dev/hearth/store/explore/Protection.java"));
    for (List<String> row : races()) {
      for (String name : quoted(row.get(3))) {
        if (name.matches("[A-Z_]+")) {
          assertThat(switches).as(row.get(0)).containsPattern("(?m)^  " + name + ",?$");
        } else if (!name.contains("#")) {
          assertThat(root.resolve("docs/spec/broken/" + name + ".cfg")).as(row.get(0)).exists();
        }
      }
    }
  }

  @Test
  void namesEveryActionOfEveryModelOnce() throws IOException {
    Map<String, List<String>> named = new TreeMap<>();
    for (List<String> row : table("## Model and code")) {
      named.computeIfAbsent(row.get(0), model -> new ArrayList<>()).addAll(quoted(row.get(1)));
    }
    named.values().forEach(actions -> actions.sort(null));

    assertThat(named).isEqualTo(actions());
  }

  @Test
  void everyMethodThatDoesAnActionExists() throws IOException {
    for (List<String> row : table("## Model and code")) {
      String code = row.get(2);
      assertThat(quoted(code).isEmpty())
          .as("%s is code or *not ours*", row)
          .isEqualTo(code.matches("\\*[^*]+\\*"));
      for (String name : quoted(code)) {
        assertThat(name).as("%s", row).contains("#");
        assertThat(isIn("src/main/java", name)).as("%s of %s", name, row.get(1)).isTrue();
      }
    }
  }

  /** The names in the definition of Next, model by model. */
  private Map<String, List<String>> actions() throws IOException {
    Map<String, List<String>> actions = new TreeMap<>();
    try (Stream<Path> models = Files.list(root.resolve("docs/spec"))) {
      for (Path model : models.filter(file -> file.toString().endsWith(".tla")).toList()) {
        String text = Files.readString(model);
        String next = text.substring(text.indexOf("\nNext =="), text.indexOf("\nSpec =="));
        actions.put(
            model.getFileName().toString().replace(".tla", ""),
            List.copyOf(
                new TreeSet<>(
                    Pattern.compile("\\b[A-Z]\\w+")
                        .matcher(next.substring("\nNext ==".length()))
                        .results()
                        .map(MatchResult::group)
                        .filter(
                            word ->
                                text.contains("\n" + word + " ==")
                                    || text.contains("\n" + word + "("))
                        .toList())));
      }
    }
    return actions;
  }

  private List<List<String>> races() throws IOException {
    return table("## How it is held");
  }

  /** The rows of the table behind a heading, without its head. */
  private List<List<String>> table(String heading) throws IOException {
    List<String> lines = Files.readAllLines(root.resolve("docs/coherence.md"));
    List<List<String>> rows =
        lines.stream()
            .skip(lines.indexOf(heading) + 1L)
            .takeWhile(line -> !line.startsWith("## "))
            .filter(line -> line.startsWith("| "))
            .map(line -> List.of(line.substring(2, line.length() - 2).split(" \\| ")))
            .skip(1)
            .toList();
    assertThat(rows).as(heading).isNotEmpty();
    return rows;
  }

  private static List<String> quoted(String text) {
    return QUOTED.matcher(text).results().map(found -> found.group(1)).toList();
  }

  /** Whether a class, or a method of it, is declared in some module. */
  private boolean isIn(String folder, String name) throws IOException {
    String type = name.replaceFirst("#.*", "");
    Pattern declared = Pattern.compile("\\b(class|record|interface|enum) " + type + "\\b");
    Pattern method =
        Pattern.compile(
            "(?m)^ +(?!return|throw|new|yield|else)[\\w@][\\w<>@?,. ]* "
                + name.replaceFirst("[^#]*#?", "")
                + "\\(");
    return sources(folder).stream()
        .filter(text -> declared.matcher(text).find())
        .anyMatch(text -> !name.contains("#") || method.matcher(text).find());
  }

  /** The text of every Java file under a folder of every module. */
  private List<String> sources(String folder) throws IOException {
    List<String> known = sources.get(folder);
    if (known != null) {
      return known;
    }
    List<String> texts = new ArrayList<>();
    try (Stream<Path> modules = Files.list(root)) {
      for (Path module : modules.map(each -> each.resolve(folder)).toList()) {
        if (Files.isDirectory(module)) {
          try (Stream<Path> files = Files.walk(module)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
              texts.add(Files.readString(file));
            }
          }
        }
      }
    }
    sources.put(folder, texts);
    return texts;
  }

  private static Path root() {
    Path start = Path.of(System.getProperty("user.dir")).toAbsolutePath();
    for (Path at = start; at != null; at = at.getParent()) {
      if (Files.exists(at.resolve("mvnw"))) {
        return at;
      }
    }
    throw new IllegalStateException(
        "no directory from " + start + " upwards holds mvnw; run the test inside the checkout");
  }
}
