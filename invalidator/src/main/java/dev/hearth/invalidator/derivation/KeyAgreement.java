package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Whether rules write keys as the keys of their caches are written; pure. */
public final class KeyAgreement {
  private KeyAgreement() {}

  /**
   * Where a rule writes a value in another format than the cache's own key: right where the columns
   * differ as their formats do, and otherwise a key that nobody reads.
   *
   * @param config whose keys are templates
   */
  public static List<Problem> warnings(HearthConfig config) {
    Map<String, KeyTemplate> byShape = new HashMap<>();
    for (HearthConfig.Cache cache : config.caches().values()) {
      KeyTemplate template = KeyTemplate.parse(cache.key());
      byShape.putIfAbsent(template.shape(), template);
    }
    List<Problem> warnings = new ArrayList<>();
    for (int i = 0; i < config.rules().size(); i++) {
      List<String> keys = config.rules().get(i).keys();
      for (int k = 0; k < keys.size(); k++) {
        KeyTemplate written = KeyTemplate.parse(keys.get(k));
        KeyTemplate read = byShape.get(written.shape());
        if (read != null) {
          compare("rules[" + i + "].keys[" + k + "]", written, read, warnings);
        }
      }
    }
    return warnings;
  }

  private static void compare(
      String path, KeyTemplate written, KeyTemplate read, List<Problem> warnings) {
    for (int i = 0; i < written.slots().size(); i++) {
      KeyTemplate.Slot one = written.slots().get(i);
      KeyTemplate.Slot other = read.slots().get(i);
      if (!one.format().equals(other.format())) {
        warnings.add(
            new Problem(
                path,
                "\""
                    + written
                    + "\" writes "
                    + one
                    + " where the cache's key \""
                    + read
                    + "\" has "
                    + other
                    + ": it touches the entry only where both give the same text"));
      }
    }
  }
}
