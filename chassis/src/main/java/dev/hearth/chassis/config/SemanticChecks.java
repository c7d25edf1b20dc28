package dev.hearth.chassis.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a schema cannot say. Looks at a document that may be wrong in its shape, and passes over
 * what the schema has reported.
 */
final class SemanticChecks {

  private static final Duration SHORTEST_TTL = Duration.ofSeconds(1);
  private static final Duration LONGEST_TTL = Duration.ofDays(7);
  private static final Duration SHORTEST_DELAY = Duration.ofMillis(100);
  private static final Duration LONGEST_DELAY = Duration.ofHours(1);
  private static final int MOST_SAMPLES_PER_SECOND = 10_000;
  private static final int LEAST_LINEAGE_MEGABYTES = 64;
  private static final Pattern CACHE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final Pattern COLUMN = Pattern.compile("\\{[^{}\\s]+}");

  /** Host (a name, an IPv4 address, or an IPv6 address in brackets) and port. */
  private static final Pattern ADDRESS =
      Pattern.compile("([^\\s:/@,\\[\\]]+|\\[[0-9a-fA-F:.]+]):([0-9]{1,5})");

  /** Scheme, optional user information, hosts with optional ports, optional path and so on. */
  private static final Pattern REDIS_URI =
      Pattern.compile("(redis|rediss|redis-sentinel)://(?:\\S*@)?([^\\s@/?#]+)(?:[/?#]\\S*)?");

  private final ObjectNode given;
  private final ObjectNode document;
  private final Findings findings;

  /**
   * @param given what the user wrote
   * @param document the same with defaults
   */
  SemanticChecks(ObjectNode given, ObjectNode document, Findings findings) {
    this.given = given;
    this.document = document;
    this.findings = findings;
  }

  void run() {
    brokers();
    noTwice("source.postgres.replicas", document.path("source").path("postgres").path("replicas"));
    lineage();
    each("stores", this::store);
    document.path("caches").fieldNames().forEachRemaining(this::cacheName);
    each("caches", this::cache);
    new WarmupChecks(document, findings).run();
    int index = 0;
    for (JsonNode rule : document.path("rules")) {
      String path = ConfigSchema.itemPath("rules", index++);
      noTwice(path + ".columns", rule.path("columns"));
      noTwice(path + ".keys", rule.path("keys"));
      strings(path + ".keys", rule.path("keys"), this::braces);
      patterns(path, rule);
    }
  }

  /** A join is of two tables, so that a pattern would have to say which with which. */
  private void patterns(String path, JsonNode rule) {
    boolean joins = rule.has("through");
    String at = path;
    for (JsonNode step = rule; step.isObject(); step = step.path("through")) {
      String table = step.path("table").asText();
      if (joins && TablePattern.of(table).isWild()) {
        findings.add(
            at + ".table",
            quoted(at + ".table", table)
                + " is a pattern, and a rule that goes through a table names each; write one rule"
                + " for each table");
      }
      at = at + ".through";
    }
  }

  private void each(String section, Check check) {
    if (document.path(section).isObject()) {
      for (Map.Entry<String, JsonNode> entry : document.path(section).properties()) {
        check.check(ConfigSchema.childPath(section, entry.getKey()), entry.getValue());
      }
    }
  }

  @FunctionalInterface
  private interface Check {
    void check(String path, JsonNode node);
  }

  @FunctionalInterface
  private interface TextCheck {
    void check(String path, String text);
  }

  private void brokers() {
    String path = "kafka.bootstrapServers";
    JsonNode servers = document.path("kafka").path("bootstrapServers");
    if (!servers.isTextual()) {
      return;
    }
    for (String server : servers.textValue().split(",", -1)) {
      if (!isAddress(server.strip())) {
        findings.add(
            path,
            quoted(path, server.strip())
                + " is not a broker's address; expected host:port, separated by commas, such as"
                + " kafka-1:9092,kafka-2:9092");
      }
    }
  }

  private void lineage() {
    JsonNode size = document.path("lineage").path("diskMegabytes");
    if (size.isInt() && size.intValue() > 0 && size.intValue() < LEAST_LINEAGE_MEGABYTES) {
      findings.add(
          "lineage.diskMegabytes",
          findings.found("lineage.diskMegabytes", MissingNode.getInstance(), size.asText())
              + " is too little to be of use; expected 0, which records nothing, or a whole number"
              + " from "
              + LEAST_LINEAGE_MEGABYTES
              + " to 1000000");
    }
  }

  private void store(String path, JsonNode store) {
    String type = store.path("type").asText();
    if (type.equals("redis")) {
      foreign(path, store, type, "uri", List.of("members", "clusterName"));
    } else if (type.equals("hazelcast")) {
      foreign(path, store, type, "members and clusterName", List.of("uri"));
    }
    noTwice(path + ".uri", store.path("uri"));
    noTwice(path + ".members", store.path("members"));
    strings(path + ".members", store.path("members"), this::member);
    JsonNode uri = store.path("uri");
    if (uri.isTextual()) {
      redisUri(path + ".uri", uri.textValue());
    }
    strings(path + ".uri", uri, this::redisUri);
  }

  private void foreign(String path, JsonNode store, String type, String own, List<String> keys) {
    for (String key : keys) {
      if (store.has(key)) {
        findings.add(
            ConfigSchema.childPath(path, key),
            "no key of a store of type %s, which takes %s; remove it or change the type"
                .formatted(type, own));
      }
    }
  }

  private void member(String path, String text) {
    if (!text.isEmpty() && !isAddress(text)) {
      findings.add(
          path,
          quoted(path, text) + " is not a member's address; expected host:port such as hz:5701");
    }
  }

  private void redisUri(String path, String text) {
    Matcher uri = REDIS_URI.matcher(text);
    boolean valid = uri.matches();
    if (valid) {
      for (String host : uri.group(2).split(",", -1)) {
        valid &= isAddress(host) || isAddress(host + ":1");
      }
    }
    if (!valid && !text.isBlank()) {
      findings.add(
          path,
          quoted(path, text)
              + " is not a Redis URI; expected a URI such as redis://cache:6379, rediss://cache:6380"
              + " or redis-sentinel://s1:26379,s2:26379/0#mymaster");
    }
  }

  /** A name stands before a slash in the keys of Hazelcast, and in the labels of metrics. */
  private void cacheName(String name) {
    if (!CACHE_NAME.matcher(name).matches()) {
      findings.add(
          ConfigSchema.childPath("caches", name),
          "'"
              + name
              + "' is not a cache name; expected letters, digits and . _ - such as product-page");
    }
  }

  private void cache(String path, JsonNode cache) {
    List<String> stores = storeNames();
    noTwice(path + ".stores", cache.path("stores"));
    strings(
        path + ".stores",
        cache.path("stores"),
        (item, name) -> {
          if (!stores.contains(name)) {
            findings.add(item, "no store named '" + name + "'" + Suggestion.clause(name, stores));
          }
        });
    JsonNode key = cache.path("key");
    if (key.isTextual() && !key.textValue().isBlank()) {
      cacheKey(path + ".key", key.textValue());
    }
    JsonNode ttl = cache.path("ttl");
    if (isDuration(ttl)) {
      within(path + ".ttl", ttl.textValue(), SHORTEST_TTL, LONGEST_TTL);
    }
    JsonNode delay = cache.path("deleteAgainAfter");
    if (isDuration(delay)) {
      within(path + ".deleteAgainAfter", delay.textValue(), SHORTEST_DELAY, LONGEST_DELAY);
    }
    JsonNode halfLife = cache.path("halfLife");
    if (isDuration(halfLife)) {
      within(path + ".halfLife", halfLife.textValue(), SHORTEST_TTL, LONGEST_TTL);
    }
    heatSamples(path + ".heatSamples", cache.path("heatSamples"));
    if (cache.path("mode").asText().equalsIgnoreCase("plain")) {
      plain(path, ttl, delay);
    }
    if (cache.path("mode").asText().equalsIgnoreCase("tag") && cache.has("load")) {
      findings.add(
          path + ".load",
          "no key of a cache of mode tag, which holds no rows; remove it, or give the query to the"
              + " cache whose entries depend on the tag");
    }
  }

  /**
   * A time to live is what ends an entry that both deletes missed: the default would be a guess.
   */
  private void plain(String path, JsonNode ttl, JsonNode delay) {
    String cache = path.substring(path.indexOf('.') + 1);
    if (given.path("caches").path(cache).path("ttl").isMissingNode()) {
      findings.add(
          path + ".ttl",
          "missing; a plain cache has to state the longest life that its entries are given, such"
              + " as 10m: it ends those that both deletes missed");
    } else if (isDuration(ttl)
        && isDuration(delay)
        && Quantities.duration(delay.textValue()).compareTo(Quantities.duration(ttl.textValue()))
            >= 0) {
      findings.add(
          path + ".deleteAgainAfter",
          quoted(path + ".deleteAgainAfter", delay.textValue())
              + " is not below the ttl, "
              + ttl.textValue()
              + ", which would end the entry first; expected less");
    }
  }

  private void heatSamples(String path, JsonNode samples) {
    if (samples.isTextual()
        && Quantities.isRate(samples.textValue())
        && Quantities.rate(samples.textValue()).perSecond() > MOST_SAMPLES_PER_SECOND) {
      findings.add(
          path,
          quoted(path, samples.textValue())
              + " is too much for a store that has readers to serve; expected 0/s to "
              + MOST_SAMPLES_PER_SECOND
              + "/s");
    }
  }

  private static boolean isDuration(JsonNode node) {
    return node.isTextual() && Quantities.isDuration(node.textValue());
  }

  private List<String> storeNames() {
    List<String> names = new ArrayList<>();
    document.path("stores").fieldNames().forEachRemaining(names::add);
    return names;
  }

  private void cacheKey(String path, String template) {
    braces(path, template);
    if (!COLUMN.matcher(template).find()) {
      findings.add(
          path,
          quoted(path, template)
              + " names no column, so the cache would have one entry; expected a template such as"
              + " \"product:{id}\"");
    }
  }

  private void braces(String path, String template) {
    String rest = COLUMN.matcher(template).replaceAll("");
    if (rest.contains("{") || rest.contains("}")) {
      findings.add(
          path,
          quoted(path, template)
              + " has a brace without its partner or without a name; expected a template such as"
              + " \"product:{id}\"");
    }
  }

  private void within(String path, String text, Duration least, Duration most) {
    Duration found = Quantities.duration(text);
    String expected = "; expected " + text(least) + " to " + text(most);
    if (found.compareTo(least) < 0) {
      findings.add(path, quoted(path, text) + " is too short" + expected);
    } else if (found.compareTo(most) > 0) {
      findings.add(path, quoted(path, text) + " is too long" + expected);
    }
  }

  private static String text(Duration bound) {
    if (bound.toDays() > 0) {
      return bound.toDays() + "d";
    }
    return bound.toHours() > 0
        ? bound.toHours() + "h"
        : bound.toSeconds() > 0 ? bound.toSeconds() + "s" : bound.toMillis() + "ms";
  }

  private void noTwice(String path, JsonNode list) {
    Set<String> seen = new HashSet<>();
    strings(
        path,
        list,
        (item, text) -> {
          if (!seen.add(text)) {
            findings.add(
                item, "'" + Masking.address(text) + "' stands in the list twice; remove one");
          }
        });
  }

  private void strings(String path, JsonNode list, TextCheck check) {
    for (int i = 0; list.isArray() && i < list.size(); i++) {
      if (list.get(i).isTextual()) {
        check.check(ConfigSchema.itemPath(path, i), list.get(i).textValue());
      }
    }
  }

  private String quoted(String path, String text) {
    return findings.found(path, MissingNode.getInstance(), '"' + Masking.address(text) + '"');
  }

  private static boolean isAddress(String text) {
    Matcher address = ADDRESS.matcher(text);
    if (!address.matches()) {
      return false;
    }
    int port = Integer.parseInt(address.group(2));
    return port >= 1 && port <= 65535;
  }
}
