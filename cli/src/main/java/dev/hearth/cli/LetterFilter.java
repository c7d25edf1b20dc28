package dev.hearth.cli;

import dev.hearth.cli.letters.DeadLetter;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which dead letters. */
final class LetterFilter {
  @Option(
      names = "--stage",
      paramLabel = "STAGE",
      description = "Only of this stage: ingest, derivation, delivery or heat.")
  private @Nullable String stage;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      converter = TimeText.class,
      description = "Only from then on: 2h ago as 2h, or a time as 2026-05-01T12:00:00Z.")
  private @Nullable Instant since;

  @Option(
      names = "--until",
      paramLabel = "TIME",
      converter = TimeText.class,
      description = "Only until then, written as for --since.")
  private @Nullable Instant until;

  boolean isNarrow() {
    return stage != null || since != null || until != null;
  }

  Optional<Instant> since() {
    return Optional.ofNullable(since);
  }

  Predicate<DeadLetter> wanted() {
    Instant from = since;
    Instant to = until;
    return letter ->
        (stage == null || stage.equals(letter.stage()))
            && (from == null || !letter.at().isBefore(from))
            && (to == null || !letter.at().isAfter(to));
  }
}
