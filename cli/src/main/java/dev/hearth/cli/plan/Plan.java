package dev.hearth.cli.plan;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.schemas.change.ChangeEvent;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Rules on trial, with or without others to compare them with. By one thread; no I/O but what the
 * rows of now cost.
 */
public final class Plan {
  private final Rules wanted;
  private final Optional<Rules> others;
  private final List<RuleTrial> trials;
  private final Optional<RuleComparison> comparison;
  private final PresentRows source;
  private final Lookups lookups;
  private final Completion completion;
  private final Set<String> tables = new TreeSet<>();
  private long changes;
  private @Nullable Instant first;
  private @Nullable Instant last;

  /**
   * Rules to be tried.
   *
   * @param against those that run now, or others
   * @param source for rows of other tables, and columns that were not captured
   * @throws dev.hearth.chassis.config.ConfigException with every mistake of the rules
   */
  public Plan(HearthConfig rules, Optional<HearthConfig> against, PresentRows source) {
    this.wanted = Invalidator.check(rules);
    this.others = against.map(Invalidator::check);
    this.trials = RuleTrial.of(rules);
    this.comparison = others.map(other -> new RuleComparison(other, wanted));
    this.source = source;
    this.lookups = new Lookups(source);
    this.completion = new Completion(source);
  }

  /**
   * Tries everything on a change.
   *
   * @param key of its record
   */
  public void see(ChangeEvent change, String key) {
    changes++;
    tables.add(change.table());
    if (first == null) {
      first = change.committedAt();
    }
    last = change.committedAt();
    Set<String> columns = new HashSet<>(wanted.needed(change.table()).columns());
    others.ifPresent(rules -> columns.addAll(rules.needed(change.table()).columns()));
    Completion.Completed completed = completion.complete(change, key, columns);
    lookups.next();
    trials.forEach(trial -> trial.see(completed, lookups));
    comparison.ifPresent(both -> both.see(completed, lookups));
  }

  public long changes() {
    return changes;
  }

  /**
   * What came out.
   *
   * @param first when the first change was committed; null where there was none
   * @param rules one for each rule and table whose changes it answers to
   * @param notFollowed tables that the rules to compare with do not name, so that no change of them
   *     can have come
   * @param lookUps how often rows of other tables were asked for at the source
   * @param failures why some were not answered, one sentence each
   * @param comparison null where there is nothing to compare with
   */
  public record Report(
      long changes,
      Set<String> tables,
      @Nullable Instant first,
      @Nullable Instant last,
      List<RuleTrial.Report> rules,
      Set<String> notFollowed,
      long lookUps,
      List<String> failures,
      RuleComparison.@Nullable Report comparison) {}

  public Report report() {
    List<RuleTrial.Report> reports =
        trials.stream().flatMap(trial -> trial.reports().stream()).toList();
    Set<String> notFollowed = new TreeSet<>();
    others.ifPresent(
        running ->
            reports.stream()
                .map(RuleTrial.Report::table)
                .filter(table -> !table.contains("*") && !tables.contains(table))
                .filter(table -> running.needed(table).columns().isEmpty())
                .forEach(notFollowed::add));
    return new Report(
        changes,
        tables,
        first,
        last,
        reports,
        notFollowed,
        lookups.asked(),
        source.failures(),
        comparison.map(RuleComparison::report).orElse(null));
  }
}
