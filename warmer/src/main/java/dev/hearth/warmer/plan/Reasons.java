package dev.hearth.warmer.plan;

import dev.hearth.warmer.plan.LeftOut.Reason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts what is left out, by reason. For one thread. */
final class Reasons {
  private final Map<Reason, LeftOut> byReason = new EnumMap<>(Reason.class);

  void add(Reason reason, String key) {
    LeftOut before = byReason.getOrDefault(reason, new LeftOut(reason, 0, List.of()));
    List<String> examples = before.examples();
    if (examples.size() < LeftOut.MOST_EXAMPLES) {
      examples = new ArrayList<>(examples);
      examples.add(key);
    }
    byReason.put(reason, new LeftOut(reason, before.keys() + 1, examples));
  }

  Reasons copy() {
    Reasons copy = new Reasons();
    copy.byReason.putAll(byReason);
    return copy;
  }

  List<LeftOut> all() {
    return List.copyOf(byReason.values());
  }
}
