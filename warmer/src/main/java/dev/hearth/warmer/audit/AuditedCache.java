package dev.hearth.warmer.audit;

import dev.hearth.schemas.audit.AuditVerdict;
import java.util.List;

/**
 * A configured cache, as audits see it.
 *
 * @param stores names of the stores that hold it
 * @param comparable whether it has a load query to compare entries with
 */
public record AuditedCache(
    String name, List<String> stores, AuditVerdict.Mode mode, boolean comparable) {
  public AuditedCache {
    stores = List.copyOf(stores);
  }
}
