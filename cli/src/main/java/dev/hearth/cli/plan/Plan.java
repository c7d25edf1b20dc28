package dev.hearth.cli.plan;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.schemas.change.ChangeEvent;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Rules on trial, with or without others to compare them with. Not thread-safe; no I/O. */
public final class Plan {
  private final List<RuleTrial> trials;
  private final Optional<RuleComparison> comparison;
  private final Set<String> tables = new TreeSet<>();
  private long changes;
  private @Nullable Instant first;
  private @Nullable Instant last;

  /**
   * Rules to be tried.
   *
   * @param against those that run now, or others
   * @throws dev.hearth.chassis.config.ConfigException with every mistake of the rules
   */
  public Plan(HearthConfig rules, Optional<HearthConfig> against) {
    Rules wanted = Invalidator.check(rules);
    Optional<Rules> others = against.map(Invalidator::check);
    this.trials = RuleTrial.of(rules, others);
    this.comparison = others.map(other -> new RuleComparison(other, wanted));
  }

  /** Tries everything on a change. */
  public void see(ChangeEvent change) {
    changes++;
    tables.add(change.table());
    if (first == null) {
      first = change.committedAt();
    }
    last = change.committedAt();
    trials.forEach(trial -> trial.see(change));
    comparison.ifPresent(both -> both.see(change));
  }

  public long changes() {
    return changes;
  }

  /**
   * What came out.
   *
   * @param first when the first change was committed; null where there was none
   * @param comparison null where there is nothing to compare with
   */
  public record Report(
      long changes,
      Set<String> tables,
      @Nullable Instant first,
      @Nullable Instant last,
      List<RuleTrial.Report> rules,
      RuleComparison.@Nullable Report comparison) {}

  public Report report() {
    return new Report(
        changes,
        tables,
        first,
        last,
        trials.stream().map(RuleTrial::report).toList(),
        comparison.map(RuleComparison::report).orElse(null));
  }
}
