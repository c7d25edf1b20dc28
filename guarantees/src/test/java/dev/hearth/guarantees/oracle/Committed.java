package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Results.CacheKey;
import dev.hearth.guarantees.oracle.Results.Change;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A committed transaction and what it changed.
 *
 * @param number in the order of commits, from 1
 * @param id PostgreSQL's, 64 bits
 * @param beforeCommit an LSN below its commit record
 * @param afterCommit an LSN at or above the end of its commit record
 * @param keys how many keys each cache had before or after
 */
record Committed(
    int number,
    long id,
    long beforeCommit,
    long afterCommit,
    Drawn drawn,
    List<String> statements,
    Map<CacheKey, Change> changes,
    Map<String, Integer> keys) {
  private static final Pattern PARTITION = Pattern.compile("truncate \\S+_p\\d");

  /** Whether it has a TRUNCATE of a partition by its own name, which the log does not tell. */
  boolean truncatesPartition() {
    return statements.stream().anyMatch(sql -> PARTITION.matcher(sql).find());
  }
}
