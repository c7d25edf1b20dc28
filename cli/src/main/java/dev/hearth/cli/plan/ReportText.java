package dev.hearth.cli.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a plan found, for a person. */
public final class ReportText {
  private static final int NARROWEST_TABLE = 16;

  private ReportText() {}

  /** Several lines: a table, what has to be said of it, and the comparison. */
  public static String of(Plan.Report report) {
    StringBuilder text = new StringBuilder();
    line(
        text,
        "%,d changes of %s%s",
        report.changes(),
        report.tables().isEmpty() ? "no table" : String.join(", ", report.tables()),
        report.first() == null
            ? ""
            : ", committed from " + report.first() + " to " + report.last());
    text.append('\n');
    int width =
        report.rules().stream()
            .mapToInt(rule -> rule.table().length())
            .reduce(NARROWEST_TABLE, Math::max);
    String columns = "%-10s %-" + width + "s %9s %9s %10s %8s %9s %11s %7s %9s";
    line(
        text,
        columns,
        "rule",
        "changes of",
        "changes",
        "fired",
        "keys",
        "most",
        "mean",
        "above limit",
        "voids",
        "not known");
    for (RuleTrial.Report rule : report.rules()) {
      line(
          text,
          columns,
          rule.rule(),
          rule.table(),
          count(rule.changes()),
          count(rule.fired()),
          count(rule.keys()),
          count(rule.mostKeys()),
          String.format(Locale.ROOT, "%,.1f", rule.meanKeys()),
          rule.limit() == null ? "-" : count(rule.aboveLimit()),
          count(rule.voids().values().stream().mapToInt(Integer::intValue).sum()),
          count(rule.notKnown()));
    }
    List<String> remarks = new ArrayList<>();
    report.rules().forEach(rule -> remark(rule, remarks));
    remark(report, remarks);
    if (!remarks.isEmpty()) {
      text.append('\n');
      remarks.forEach(remark -> text.append(remark).append('\n'));
    }
    if (report.comparison() != null) {
      text.append('\n');
      comparison(text, report.comparison());
    }
    return text.toString();
  }

  private static void remark(RuleTrial.Report rule, List<String> remarks) {
    String which = rule.rule() + ", changes of " + rule.table() + ": ";
    if (!rule.voids().isEmpty()) {
      remarks.add(
          which
              + "voids whole caches, "
              + rule.voids().entrySet().stream()
                  .map(each -> each.getKey() + " " + times(each.getValue()))
                  .collect(Collectors.joining(", "))
              + (rule.limit() == null || rule.aboveLimit() == 0
                  ? ""
                  : "; its limit is " + count(rule.limit())));
    }
    if (!rule.missingColumns().isEmpty()) {
      remarks.add(
          which
              + "of "
              + count(rule.notKnown() - rule.unanswered())
              + " it is not known what it would do, for they do not carry "
              + String.join(", ", rule.missingColumns())
              + ", and the row is not there any more; a running Hearth keeps what its rules read");
    }
    if (rule.unanswered() > 0) {
      remarks.add(
          which
              + "of "
              + count(rule.unanswered())
              + " it is not known which rows of other tables they reach");
    }
    if (rule.readNow() > 0) {
      remarks.add(
          which
              + count(rule.readNow())
              + (rule.readNow() == 1 ? " does" : " do")
              + " not carry a column that it reads; its value is that of the row now");
    }
    if (rule.assumed() > 0) {
      remarks.add(
          which
              + count(rule.assumed())
              + (rule.assumed() == 1 ? " update has" : " updates have")
              + " an old value neither in the log nor in an earlier change; it is taken to be the"
              + " new one, and what moved then is not counted");
    }
  }

  private static void remark(Plan.Report report, List<String> remarks) {
    if (report.lookUps() > 0) {
      remarks.add(
          count(report.lookUps())
              + (report.lookUps() == 1 ? " look-up" : " look-ups")
              + ": rows of other tables are those of the source now; one that came, moved or"
              + " went since a change is counted where it is now.");
    }
    for (String failure : report.failures()) {
      remarks.add("Not everything was answered: " + failure);
    }
    if (!report.notFollowed().isEmpty()) {
      remarks.add(
          String.join(", ", report.notFollowed())
              + ": the rules of --against do not name it, so that its changes are not in the stream"
              + " and nothing could be tried on them.");
    }
  }

  private static void comparison(StringBuilder text, RuleComparison.Report report) {
    String columns = "%-16s %12s %12s %12s";
    line(text, columns, "compared", "both", "only old", "only new");
    line(text, columns, row("keys", report.keys()));
    line(text, columns, row("whole caches", report.voidedCaches()));
    for (RuleComparison.Part part : List.of(report.keys(), report.voidedCaches())) {
      part.onlyOldExamples().forEach(each -> text.append("  only old: ").append(each).append('\n'));
      part.onlyNewExamples().forEach(each -> text.append("  only new: ").append(each).append('\n'));
    }
    if (report.notKnown() > 0) {
      line(text, "  left out, for want of a value: %,d changes", report.notKnown());
    }
  }

  private static Object[] row(String what, RuleComparison.Part part) {
    return new Object[] {what, count(part.both()), count(part.onlyOld()), count(part.onlyNew())};
  }

  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String count(Number number) {
    return String.format(Locale.ROOT, "%,d", number.longValue());
  }

  private static String times(int number) {
    return number == 1 ? "once" : count(number) + " times";
  }
}
