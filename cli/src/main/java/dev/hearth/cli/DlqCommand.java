package dev.hearth.cli;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.letters.Contents;
import dev.hearth.cli.letters.DeadLetter;
import dev.hearth.cli.letters.LetterBox;
import dev.hearth.cli.letters.Redrive;
import dev.hearth.schemas.topic.Topics;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
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
    subcommands = {DlqCommand.ListLetters.class, DlqCommand.ShowLetter.class, RedriveCommand.class})
final class DlqCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name one of: list, show, redrive.");
  }

  /** The newest letters. */
  @Command(
      name = "list",
      description = "Lists letters, the newest last.",
      mixinStandardHelpOptions = true)
  static final class ListLetters implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ConfigOptions config = new ConfigOptions();
    @Mixin private LetterFilter filter = new LetterFilter();

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
