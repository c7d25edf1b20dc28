package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.config.HearthConfig;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A short name for what decides which of a cache's entries go, equal exactly where that is: 64 bits
 * of a SHA-256 in hexadecimal. The order of rules, columns, keys and stores does not count, nor
 * does what the derivation does not look at (time to live, load query, addresses). Pure.
 */
final class Fingerprint {
  private static final int BYTES = 8;

  private Fingerprint() {}

  /**
   * Of one cache.
   *
   * @param rules lines by {@link #line} of the rules that touch it
   */
  static String of(HearthConfig.Cache cache, Collection<String> rules) {
    TreeSet<String> lines = new TreeSet<>(rules);
    lines.add("key\t" + cache.key());
    lines.add("mode\t" + cache.mode());
    lines.add("stores\t" + sorted(cache.stores()));
    return of(lines);
  }

  /** One rule, as far as it touches one key. */
  static String line(HearthConfig.Rule rule, Rule.Target target) {
    return String.join(
            "\t",
            "rule",
            rule.table(),
            sorted(rule.columns()),
            target.template().toString(),
            Optional.ofNullable(rule.through())
                .map(
                    through ->
                        through.table()
                            + "\t"
                            + through.on().replaceAll("\\s", "")
                            + "\t"
                            + rule.limit())
                .orElse(""))
        // Only where there is one: rules without keep the fingerprint that is stored of them.
        + Optional.ofNullable(rule.when()).map(when -> "\twhen\t" + when.strip()).orElse("");
  }

  /** Of lines, whose order counts. */
  static String of(Collection<String> lines) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  private static String sorted(Collection<String> words) {
    return words.stream().sorted().distinct().collect(Collectors.joining(","));
  }
}
