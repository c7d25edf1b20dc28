package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.Loader;
import dev.hearth.client.Tag;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.WarmerSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A list of a category's products depends on rows that its key does not name. Its tag is what a
 * rule names, and any change of those rows takes it out.
 */
class TaggedListTest {
  private static final String GROUP = "category-products";

  @ParameterizedTest
  @ValueSource(strings = {"redis", "hazelcast"})
  void aProductThatMovesDropsTheListsOfBothCategoriesAndNoOther(String storeName) throws Exception {
    try (Shop shop = new Shop(TaggedListTest::withLists)) {
      shop.execute("insert into product values (1, 'cup', 10), (2, 'mug', 10), (3, 'pot', 20)");
      Services services = shop.startAll();
      CoherentCache<String> lists = lists(shop, services, storeName);
      assertThat(fill(shop, lists, 10)).contains("cup, mug");
      assertThat(fill(shop, lists, 11)).isEmpty();
      assertThat(fill(shop, lists, 20)).contains("pot");

      shop.execute("update product set category_id = 11 where id = 1");

      eventually(
          () -> {
            assertThat(fill(shop, lists, 10)).contains("mug");
            assertThat(fill(shop, lists, 11)).contains("cup");
          });
      assertThat(cached(shop, lists, 20)).contains("pot");

      shop.execute("insert into product values (4, 'bowl', 20)");
      eventually(() -> assertThat(list(shop, lists, 20)).contains("bowl, pot"));
      assertThat(cached(shop, lists, 11)).contains("cup");

      shop.execute("truncate product");
      eventually(
          () -> {
            for (int category : new int[] {10, 11, 20}) {
              assertThat(list(shop, lists, category)).isEmpty();
            }
          });
    }
  }

  /** Of tags nothing is warmed, and nothing is compared with the database. */
  @ParameterizedTest
  @ValueSource(strings = {"redis"})
  void tagsAreNeitherWarmedNorAudited(String storeName) throws Exception {
    try (Shop shop = new Shop(TaggedListTest::withLists)) {
      shop.execute("insert into product values (1, 'cup', 10)");
      Services services = shop.startAll();
      CoherentCache<String> lists = lists(shop, services, storeName);
      fill(shop, lists, 10);

      FencedStore store = shop.store(services, storeName);

      assertThat(shop.cached(store, "list", key(shop, 10))).isEmpty();
      assertThat(cached(shop, lists, 10)).contains("cup");
      assertThat(WarmerSettings.of(shop.config).caches())
          .extracting(WarmerSettings.Cache::name)
          .contains("list", "product")
          .doesNotContain(GROUP);
    }
  }

  private static String withLists(String yaml) {
    String prefix = yaml.replaceFirst("(?s).*key: \"(shop[0-9]+):product:.*", "$1");
    return yaml.replace(
            "rules:",
            """
              list: { stores: [ redis, hazelcast ], key: "%s:list:{id}" }
              category-products:
                stores: [ redis, hazelcast ]
                key: "%s:category-products:{category_id}"
                mode: tag
            rules:"""
                .formatted(prefix, prefix)
                .indent(0)
                .stripTrailing())
        .replace(
            ":category:{category_id}\" ]",
            ":category:{category_id}\", \"" + prefix + ":category-products:{category_id}\" ]");
  }

  private static CoherentCache<String> lists(Shop shop, Services services, String storeName)
      throws Exception {
    FencedStore store = shop.store(services, storeName);
    shop.awaitLeases(store);
    return Shop.cache("list", store).tags(GROUP, Duration.ofHours(1)).build();
  }

  private static String key(Shop shop, int category) {
    return shop.name + ":list:" + category;
  }

  private static List<Tag> tags(Shop shop, int category) {
    return List.of(new Tag(GROUP, shop.name + ":category-products:" + category));
  }

  private static Optional<String> list(Shop shop, CoherentCache<String> lists, int category) {
    return lists.get(key(shop, category), tags(shop, category), names(shop));
  }

  /** Reads until the store answers: a fill may be refused at any time, and is then made again. */
  private static Optional<String> fill(Shop shop, CoherentCache<String> lists, int category)
      throws Exception {
    List<Optional<String>> answers = new ArrayList<>();
    eventually(
        () -> {
          list(shop, lists, category);
          answers.add(cached(shop, lists, category));
        });
    return answers.get(0);
  }

  /** What the store answers with. */
  private static Optional<String> cached(Shop shop, CoherentCache<String> lists, int category) {
    return lists.get(
        key(shop, category),
        tags(shop, category),
        key -> {
          throw new AssertionError("the loader was asked for " + key);
        });
  }

  private static Loader<String> names(Shop shop) {
    return key -> {
      try (Connection connection = shop.connect();
          PreparedStatement query =
              connection.prepareStatement(
                  "select string_agg(name, ', ' order by name) from product where category_id = ?")) {
        query.setInt(1, Integer.parseInt(key.substring(key.lastIndexOf(':') + 1)));
        try (ResultSet row = query.executeQuery()) {
          row.next();
          return Optional.ofNullable(row.getString(1));
        }
      }
    };
  }
}
