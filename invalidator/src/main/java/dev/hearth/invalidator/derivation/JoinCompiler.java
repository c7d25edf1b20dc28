package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a rule goes through, checked as far as it can be without the database; pure. */
final class JoinCompiler {
  private JoinCompiler() {}

  /** The tables of a rule; empty where it goes through none, and where they have mistakes. */
  static Optional<Join> join(String path, HearthConfig.Rule rule, List<Problem> problems) {
    List<Join.Tier> tiers = new ArrayList<>();
    tiers.add(new Join.Tier(withoutSchema(rule.table()), rule.table(), "", "", true));
    String place = path;
    boolean sound = true;
    HearthConfig.@Nullable Through through = rule.through();
    while (through != null) {
      place += ".through";
      String name = Optional.ofNullable(through.as()).orElse(withoutSchema(through.table()));
      if (tiers.stream().anyMatch(tier -> tier.name().equals(name))) {
        problems.add(
            new Problem(
                place,
                "two tables of the rule are called \""
                    + name
                    + "\" in keys; give "
                    + through.table()
                    + " another name with as"));
        sound = false;
      }
      // The configuration vouches that it is a column of this table = one of the table before.
      String[] on = through.on().split("=", 2);
      tiers.add(
          new Join.Tier(name, through.table(), on[0].strip(), on[1].strip(), through.ownChanges()));
      if (!sound) {
        return Optional.empty();
      }
      through = through.through();
    }
    return tiers.size() > 1 ? Optional.of(new Join(tiers, rule.limit())) : Optional.empty();
  }

  /** Whether a key names tables that the rule has. */
  static boolean fits(
      String path,
      KeyTemplate template,
      HearthConfig.Rule rule,
      Optional<Join> join,
      List<Problem> problems) {
    List<String> names =
        join.map(of -> of.tiers().stream().map(Join.Tier::name).toList()).orElse(List.of());
    boolean fits = true;
    for (String column : template.columns()) {
      int dot = column.indexOf('.');
      String name = dot < 0 ? "" : column.substring(0, dot);
      if (dot >= 0 && rule.through() == null) {
        problems.add(
            new Problem(
                path,
                "\""
                    + template
                    + "\" names a table in {"
                    + column
                    + "}, and the rule goes through none; write {"
                    + Join.own(column)
                    + "} for a column of "
                    + rule.table()
                    + ", or say through which table the rule goes"));
        fits = false;
      } else if (dot >= 0 && join.isPresent() && !names.contains(name)) {
        problems.add(
            new Problem(
                path,
                "\""
                    + template
                    + "\" names no table of the rule ("
                    + String.join(", ", names)
                    + ") in {"
                    + column
                    + "}"
                    + Suggestion.nearest(name, names)
                        .map(near -> "; did you mean '" + near + "'?")
                        .orElse("; expected one of them")));
        fits = false;
      }
    }
    return fits;
  }

  private static String withoutSchema(String table) {
    return table.substring(table.lastIndexOf('.') + 1);
  }
}
