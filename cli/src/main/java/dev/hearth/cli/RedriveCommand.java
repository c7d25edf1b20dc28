package dev.hearth.cli;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.letters.DeadLetter;
import dev.hearth.cli.letters.LetterBox;
import dev.hearth.cli.letters.Redrive;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Puts dead letters back. */
@Command(
    name = "redrive",
    description =
        "Puts the record of a letter back where it came from, or says why it cannot be. The letter"
            + " stays; what fails again is a new letter with a count.",
    mixinStandardHelpOptions = true)
final class RedriveCommand implements Callable<Integer> {
  private static final int MOST = 10_000;

  private final Function<String, Optional<String>> ask;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ConfigOptions config = new ConfigOptions();

  @Parameters(paramLabel = "LETTER", arity = "0..*", description = "Numbers, as list says.")
  private List<Long> offsets = List.of();

  @Mixin private LetterFilter filter = new LetterFilter();

  @Option(names = "--yes", description = "Does not ask, where a filter says which.")
  private boolean yes;

  @Mixin private OutputOptions output = new OutputOptions();

  RedriveCommand() {
    this(TeardownCommand::askOnTerminal);
  }

  /**
   * @param ask from the question to the answer; empty where there is nobody to ask
   */
  RedriveCommand(Function<String, Optional<String>> ask) {
    this.ask = ask;
  }

  @Override
  public Integer call() {
    Logging.off();
    if (offsets.isEmpty() == !filter.isNarrow()) {
      throw new ParameterException(
          spec.commandLine(),
          "Name letters by their numbers, or by --stage, --since and --until; one of the two.");
    }
    HearthConfig loaded = config.load().config();
    Topics topics = new Topics(loaded.kafka().topicPrefix());
    try (LetterBox box = new LetterBox(loaded.kafka())) {
      List<DeadLetter> letters = letters(box);
      Optional<Position> now = box.now();
      Map<DeadLetter, Redrive> decisions = new LinkedHashMap<>();
      letters.forEach(letter -> decisions.put(letter, Redrive.decide(letter, topics, now)));
      List<Redrive.Send> records = new ArrayList<>();
      decisions
          .values()
          .forEach(
              decision -> {
                if (decision instanceof Redrive.Send send) {
                  records.add(send);
                }
              });
      Optional<Integer> refusal = offsets.isEmpty() ? consent(letters, records) : Optional.empty();
      if (refusal.isPresent()) {
        return refusal.get();
      }
      box.send(records);
      report(decisions);
      return records.size() == decisions.size() ? 0 : Hearth.FAILED;
    }
  }

  private List<DeadLetter> letters(LetterBox box) {
    if (!offsets.isEmpty()) {
      return offsets.stream().distinct().map(box::read).toList();
    }
    LetterBox.Some found = box.read(filter.since(), filter.wanted(), MOST);
    if (found.matching() > MOST) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(
              Locale.ROOT,
              "%,d letters fit; at most %,d are put back at once: narrow it with --since and"
                  + " --until",
              found.matching(),
              MOST));
    }
    return found.letters();
  }

  /** Why not, as an exit status; empty where it may be done. */
  private Optional<Integer> consent(List<DeadLetter> letters, List<Redrive.Send> records) {
    if (yes || records.isEmpty()) {
      return Optional.empty();
    }
    PrintWriter err = spec.commandLine().getErr();
    Optional<String> answer =
        ask.apply("Put " + records.size() + " of " + letters.size() + " letters back? Type yes: ");
    if (answer.isEmpty()) {
      err.println(
          records.size()
              + " of "
              + letters.size()
              + " letters would be put back, and there is no terminal to ask on; nothing was. Run"
              + " it with --yes.");
      err.flush();
      return Optional.of(Hearth.USAGE);
    }
    if (!answer.get().strip().equals("yes")) {
      err.println("Nothing was put back.");
      err.flush();
      return Optional.of(Hearth.FAILED);
    }
    return Optional.empty();
  }

  private void report(Map<DeadLetter, Redrive> decisions) {
    List<Map<String, Object>> lines = new ArrayList<>();
    StringBuilder text = new StringBuilder(decisions.isEmpty() ? "No letter.\n" : "");
    decisions.forEach(
        (letter, decision) -> {
          Map<String, Object> line = new LinkedHashMap<>();
          line.put("letter", letter.offset());
          if (decision instanceof Redrive.Refused refused) {
            line.put("putBack", false);
            line.put("reason", refused.sentence());
            text.append("Letter ")
                .append(letter.offset())
                .append(" is not put back: ")
                .append(refused.sentence())
                .append(".\n");
          } else {
            line.put("putBack", true);
            line.put("topic", letter.topic());
            text.append("Letter ")
                .append(letter.offset())
                .append(" is put back on ")
                .append(letter.topic())
                .append(".\n");
          }
          lines.add(line);
        });
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(Map.of("letters", lines), text::toString));
    out.flush();
  }
}
