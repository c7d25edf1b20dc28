package dev.hearth.cli;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.letters.Contents;
import dev.hearth.cli.letters.DeadLetter;
import dev.hearth.cli.letters.LetterBox;
import dev.hearth.cli.letters.Redrive;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Records that were set aside. */
@Command(
    name = "dlq",
    description = "Dead letters: records that could not be read or handled, with the reason.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DlqCommand.ListLetters.class,
      DlqCommand.ShowLetter.class,
      DlqCommand.RedriveLetters.class
    })
final class DlqCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name one of: list, show, redrive.");
  }

  /** Which letters. */
  static final class Filter {
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
        description = "Only until then, likewise.")
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

  /** The newest letters. */
  @Command(
      name = "list",
      description = "Lists letters, the newest last.",
      mixinStandardHelpOptions = true)
  static final class ListLetters implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ConfigOptions config = new ConfigOptions();
    @Mixin private Filter filter = new Filter();

    @Option(
        names = "--limit",
        paramLabel = "N",
        defaultValue = "${env:HEARTH_LIMIT:-50}",
        description = "At most so many, the newest; default: ${DEFAULT-VALUE}.")
    private int limit = 50;

    @Mixin private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
      Logging.off();
      if (limit < 1 || limit > 10_000) {
        throw new ParameterException(
            spec.commandLine(), "--limit is " + limit + "; expected 1 to 10000");
      }
      HearthConfig loaded = config.load().config();
      try (LetterBox box = new LetterBox(loaded.kafka())) {
        LetterBox.Some found = box.read(filter.since(), filter.wanted(), limit);
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("matching", found.matching());
        tree.put("letters", found.letters().stream().map(DlqCommand::line).toList());
        PrintWriter out = spec.commandLine().getOut();
        out.print(output.text(tree, () -> table(found)));
        out.flush();
        return 0;
      }
    }

    private static String table(LetterBox.Some found) {
      if (found.letters().isEmpty()) {
        return "No letter.\n";
      }
      StringBuilder text = new StringBuilder();
      text.append(
          String.format(
              Locale.ROOT,
              "%8s  %-20s  %-10s  %-24s  %s%n",
              "letter",
              "at",
              "stage",
              "key",
              "reason"));
      for (DeadLetter letter : found.letters()) {
        text.append(
            String.format(
                Locale.ROOT,
                "%8d  %-20s  %-10s  %-24s  %s%s%n",
                letter.offset(),
                letter.at().truncatedTo(java.time.temporal.ChronoUnit.SECONDS),
                letter.stage(),
                shortened(letter.keyText(), 24),
                letter.redriven() > 0 ? "(put back " + letter.redriven() + " times) " : "",
                shortened(letter.reason(), 160)));
      }
      if (found.matching() > found.letters().size()) {
        text.append(
            String.format(
                Locale.ROOT,
                "%nThe newest %d of %,d; see more with --limit, fewer with --stage and --since.%n",
                found.letters().size(),
                found.matching()));
      }
      return text.append("\nOne of them whole: hearth dlq show LETTER\n").toString();
    }
  }

  /** One letter. */
  @Command(
      name = "show",
      description = "Shows one letter whole: its record where it can be read, and what to do.",
      mixinStandardHelpOptions = true)
  static final class ShowLetter implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ConfigOptions config = new ConfigOptions();

    @Parameters(paramLabel = "LETTER", description = "Its number, as list says.")
    private long offset;

    @Mixin private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
      Logging.off();
      HearthConfig loaded = config.load().config();
      try (LetterBox box = new LetterBox(loaded.kafka())) {
        DeadLetter letter = box.read(offset);
        Map<String, Object> tree = line(letter);
        tree.put("headers", letter.headers());
        tree.put("record", Contents.of(letter));
        tree.put(
            "redrive",
            sentence(
                Redrive.decide(letter, new Topics(loaded.kafka().topicPrefix()), box.now()),
                letter.offset()));
        PrintWriter out = spec.commandLine().getOut();
        out.print(output.text(tree, () -> table(tree)));
        out.flush();
        return 0;
      }
    }

    private static String sentence(Redrive decision, long offset) {
      return decision instanceof Redrive.Refused refused
          ? "It cannot be put back: " + refused.sentence() + "."
          : "It can be put back: hearth dlq redrive " + offset;
    }

    private static String table(Map<String, Object> tree) {
      StringBuilder text = new StringBuilder();
      tree.forEach(
          (name, value) -> {
            if (value instanceof Map<?, ?> parts) {
              text.append(name).append('\n');
              parts.forEach(
                  (part, found) ->
                      text.append(String.format(Locale.ROOT, "  %-28s %s%n", part, found)));
            } else {
              text.append(String.format(Locale.ROOT, "%-12s %s%n", name, value));
            }
          });
      return text.toString();
    }
  }

  /** Puts letters back. */
  @Command(
      name = "redrive",
      description =
          "Puts the record of a letter back where it came from, or says why it cannot be. The letter"
              + " stays; what fails again is a new letter with a count.",
      mixinStandardHelpOptions = true)
  static final class RedriveLetters implements Callable<Integer> {
    private static final int MOST = 10_000;

    private final Function<String, Optional<String>> ask;
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ConfigOptions config = new ConfigOptions();

    @Parameters(paramLabel = "LETTER", arity = "0..*", description = "Numbers, as list says.")
    private List<Long> offsets = List.of();

    @Mixin private Filter filter = new Filter();

    @Option(names = "--yes", description = "Does not ask, where a filter says which.")
    private boolean yes;

    @Mixin private OutputOptions output = new OutputOptions();

    RedriveLetters() {
      this(TeardownCommand::askOnTerminal);
    }

    /**
     * @param ask from the question to the answer; empty where there is nobody to ask
     */
    RedriveLetters(Function<String, Optional<String>> ask) {
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
        Optional<Integer> refusal =
            offsets.isEmpty() ? consent(letters, records) : Optional.empty();
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
          ask.apply(
              "Put " + records.size() + " of " + letters.size() + " letters back? Type yes: ");
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

  private static Map<String, Object> line(DeadLetter letter) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("letter", letter.offset());
    line.put("at", letter.at().toString());
    line.put("stage", letter.stage());
    line.put("topic", letter.topic());
    line.put("key", letter.keyText());
    line.put("reason", letter.reason());
    line.put("redriven", letter.redriven());
    return line;
  }

  private static String shortened(String text, int most) {
    String line = text.replaceAll("\\p{Cntrl}+", " ");
    return line.length() <= most ? line : line.substring(0, most - 1) + "…";
  }
}
