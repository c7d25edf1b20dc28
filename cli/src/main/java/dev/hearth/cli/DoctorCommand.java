package dev.hearth.cli;

import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.doctor.Doctor;
import dev.hearth.cli.doctor.Examination;
import dev.hearth.cli.doctor.Finding;
import dev.hearth.cli.doctor.Hazelcast;
import dev.hearth.cli.doctor.Kafka;
import dev.hearth.cli.doctor.Machine;
import dev.hearth.cli.doctor.Postgres;
import dev.hearth.cli.doctor.Redis;
import dev.hearth.cli.doctor.Verdict.Severity;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Everything that has to be so before the services can work, one line each. */
@Command(
    name = "doctor",
    description =
        "Checks every prerequisite on every server, one line each, with the cure; changes nothing."
            + " Exit status 1 where there is a problem.",
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ConfigOptions config = new ConfigOptions();

  @Option(
      names = "--within",
      paramLabel = "DURATION",
      converter = DurationText.class,
      defaultValue = "${env:HEARTH_WITHIN:-20s}",
      description =
          "How long the servers may take, all together; default: ${DEFAULT-VALUE}. What has not"
              + " answered by then is a problem.")
  private Duration within = Duration.ofSeconds(20);

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException {
    Logging.off();
    HearthConfig loaded = config.load().config();
    List<Finding> findings = Doctor.examine(examinations(loaded), within);
    long problems = count(findings, Severity.PROBLEM);
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(tree(findings), () -> table(findings, output.isColoured())));
    out.flush();
    return problems == 0 ? 0 : Hearth.FAILED;
  }

  private static List<Examination<?>> examinations(HearthConfig config) {
    List<Examination<?>> examinations = new ArrayList<>();
    List<String> mistakes = mistakes(config);
    examinations.add(Machine.examination(mistakes, config.dataDirectory()));
    examinations.addAll(Postgres.examinations(config));
    examinations.add(Kafka.examination(config));
    config
        .stores()
        .forEach(
            (name, store) ->
                examinations.add(
                    store instanceof HearthConfig.Redis redis
                        ? Redis.examination(config, name, redis)
                        : Hazelcast.examination(config, name, (HearthConfig.Hazelcast) store)));
    return examinations;
  }

  private static List<String> mistakes(HearthConfig config) {
    try {
      Checks.offline(config);
      return List.of();
    } catch (ConfigException e) {
      return e.problems().stream().map(Object::toString).toList();
    }
  }

  private static long count(List<Finding> findings, Severity severity) {
    return findings.stream().filter(each -> each.verdict().severity() == severity).count();
  }

  private static Map<String, Object> tree(List<Finding> findings) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("problems", count(findings, Severity.PROBLEM));
    tree.put("warnings", count(findings, Severity.WARNING));
    tree.put("unknown", count(findings, Severity.UNKNOWN));
    tree.put(
        "findings",
        findings.stream()
            .map(
                finding -> {
                  Map<String, Object> each = new LinkedHashMap<>();
                  each.put("server", finding.server());
                  each.put("check", finding.check());
                  each.put(
                      "severity", finding.verdict().severity().name().toLowerCase(Locale.ROOT));
                  each.put("sentence", finding.verdict().sentence());
                  finding.verdict().cure().ifPresent(cure -> each.put("cure", cure));
                  return each;
                })
            .toList());
    return tree;
  }

  static String table(List<Finding> findings, boolean coloured) {
    StringBuilder text = new StringBuilder();
    String server = "";
    for (Finding finding : findings) {
      if (!finding.server().equals(server)) {
        text.append(server.isEmpty() ? "" : "\n").append(finding.server()).append('\n');
        server = finding.server();
      }
      text.append(
          String.format(
              Locale.ROOT,
              "  %s %-15s %s%n",
              mark(finding.verdict().severity(), coloured),
              finding.check(),
              finding.verdict().sentence()));
      finding
          .verdict()
          .cure()
          .ifPresent(
              cure -> text.append(String.format(Locale.ROOT, "  %24s cure: %s%n", "", cure)));
    }
    long problems = count(findings, Severity.PROBLEM);
    text.append(
        String.format(
            Locale.ROOT,
            "%n%s, %s, %d not told.%s%n",
            plural(problems, "problem"),
            plural(count(findings, Severity.WARNING), "warning"),
            count(findings, Severity.UNKNOWN),
            problems == 0 ? " Start with: hearth run --config FILE" : ""));
    return text.toString();
  }

  private static String mark(Severity severity, boolean coloured) {
    String word =
        switch (severity) {
          case OK -> "ok     ";
          case WARNING -> "warning";
          case UNKNOWN -> "unknown";
          case PROBLEM -> "PROBLEM";
        };
    if (!coloured) {
      return word;
    }
    int colour =
        switch (severity) {
          case OK -> 32;
          case WARNING -> 33;
          case UNKNOWN -> 36;
          case PROBLEM -> 31;
        };
    return "\u001b[" + colour + "m" + word + "\u001b[0m";
  }

  private static String plural(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }
}
