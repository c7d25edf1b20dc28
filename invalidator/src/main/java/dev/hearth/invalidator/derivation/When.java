package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.condition.Condition;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.RowImage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The condition of a rule, asked for one key at a time; pure.
 *
 * <p>A row that moved from one key to another has gone from the one and appeared at the other: so
 * the condition is asked for the old key as of a delete, and for the new key as of an insert.
 * Otherwise {@code after.category_id == 5} would leave the entry of the category that the row left
 * as it is, which still shows it.
 *
 * @param path place in the configuration, such as {@code rules[0].when}
 * @param joinedOn column of the changed table that the rows of another table refer to; empty where
 *     the rule goes through none
 */
record When(String path, Condition condition, Optional<String> joinedOn) {

  /**
   * The rows, old before new, whose keys a change touches. A row whose key is not known is among
   * them if it could be.
   *
   * @param key columns that the key is made of
   * @throws dev.hearth.chassis.condition.ConditionFailedException if a row has a value that the
   *     condition cannot read
   */
  List<RowImage> rows(ChangeEvent change, Collection<String> key) {
    return switch (change.operation()) {
      case TRUNCATE -> List.of(change.before(), change.after());
      case INSERT -> appears(change) ? List.of(change.after()) : List.of();
      case DELETE -> goes(change) ? List.of(change.before()) : List.of();
      case UPDATE -> updated(change, key);
    };
  }

  /** Whether a change touches the keys of rows of other tables. */
  boolean reaches(ChangeEvent change) {
    return !rows(change, joinedOn.map(List::of).orElse(List.of())).isEmpty();
  }

  private List<RowImage> updated(ChangeEvent change, Collection<String> key) {
    boolean known =
        key.stream()
            .allMatch(column -> change.before().knows(column) && change.after().knows(column));
    boolean same =
        known
            && key.stream()
                .allMatch(
                    column -> change.before().value(column).equals(change.after().value(column)));
    List<RowImage> rows = new ArrayList<>();
    boolean stays =
        (same || !known) && condition.matters(row(change.before()), row(change.after()));
    if (stays || (!same && goes(change))) {
      rows.add(change.before());
    }
    if (stays || (!same && appears(change))) {
      rows.add(change.after());
    }
    return rows;
  }

  private boolean goes(ChangeEvent change) {
    return condition.matters(row(change.before()), Optional.empty());
  }

  private boolean appears(ChangeEvent change) {
    return condition.matters(Optional.empty(), row(change.after()));
  }

  private static Optional<Map<String, @Nullable String>> row(RowImage image) {
    return Optional.of(image.columns());
  }
}
