package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.store.FencedStore;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;

/**
 * Exactly the right keys go although the log carries no old values and the keys are those of other
 * tables' rows, and none is missed when what is known of rows is lost.
 */
class OldValuesAndJoinsTest {
  private static final String RULE = "  - { table: public.category, keys:";

  @Test
  void touchesExactlyTheKeysOfOldRowsAndOfRowsThatReferToAChangedOne() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("alter table product replica identity default");
      shop.execute("insert into category values (10, 'kitchen'), (20, 'garden')");
      shop.execute("insert into product values (1, 'cup', 10), (2, 'pot', 20), (3, 'pan', 10)");
      try (Services services = new Services(joined(shop), EnumSet.allOf(Role.class))) {
        services.start();
        FencedStore store = shop.store(services, "redis");
        shop.awaitLeases(store);
        awaitRows(services);
        fill(shop, services, store);

        shop.execute("update product set category_id = 11 where id = 1");

        eventually(
            () -> {
              assertThat(shop.cached(store, "product", shop.product(1))).isEmpty();
              assertThat(shop.cached(store, "category", shop.category(10))).isEmpty();
              assertThat(shop.cached(store, "category", shop.category(11))).isEmpty();
            });
        assertThat(shop.cached(store, "product", shop.product(2))).contains("pot");
        assertThat(shop.cached(store, "category", shop.category(20))).contains("page");

        fill(shop, services, store);
        shop.execute("update category set name = 'yard' where id = 20");

        eventually(() -> assertThat(shop.cached(store, "product", shop.product(2))).isEmpty());
        assertThat(shop.cached(store, "product", shop.product(1))).contains("cup");
        assertThat(shop.cached(store, "product", shop.product(3))).contains("pan");
        assertThat(shop.cached(store, "category", shop.category(10))).contains("page");
      }

      // All that was known of rows is lost.
      try (Admin admin = Admin.create(shop.kafka())) {
        List<String> changelogs =
            admin.listTopics().names().get().stream()
                .filter(Invalidator.ownTopics(shop.topics())::contains)
                .filter(topic -> topic.contains("-rows-"))
                .toList();
        assertThat(changelogs).hasSize(1);
        admin.deleteTopics(changelogs).all().get();
      }
      try (Services services = new Services(joined(shop), EnumSet.allOf(Role.class))) {
        services.start();
        FencedStore store = shop.store(services, "redis");
        shop.awaitLeases(store);
        CoherentCache<String> categories = shop.cache(services, "category", "redis");
        shop.fill(categories, "category", store, shop.category(10), key -> Optional.of("page"));

        shop.execute("update product set category_id = 20 where id = 3");

        eventually(() -> assertThat(shop.cached(store, "category", shop.category(10))).isEmpty());
        awaitRows(services);
      }
    }
  }

  private static void awaitRows(Services services) throws Exception {
    eventually(
        () ->
            assertThat(services.metrics().gauges(Metric.ROWS_COMPLETE))
                .containsEntry(List.of("public.product"), 1.0));
  }

  private static void fill(Shop shop, Services services, FencedStore store) throws Exception {
    CoherentCache<String> products = shop.cache(services, "product", "redis");
    CoherentCache<String> categories = shop.cache(services, "category", "redis");
    eventually(
        () -> {
          for (int id : new int[] {1, 2, 3}) {
            products.get(shop.product(id), shop.productName());
            assertThat(shop.cached(store, "product", shop.product(id))).isPresent();
          }
          for (int id : new int[] {10, 11, 20}) {
            categories.get(shop.category(id), key -> Optional.of("page"));
            assertThat(shop.cached(store, "category", shop.category(id))).isPresent();
          }
        });
  }

  private static HearthConfig joined(Shop shop) throws Exception {
    String yaml = shop.yaml(Files.createTempDirectory("hearth-" + shop.name));
    assertThat(yaml).contains(RULE);
    return ConfigLoader.parse(
            shop.name,
            yaml.replace(
                RULE,
                """
                  - table: public.category
                    columns: [ name ]
                    through: { table: public.product, on: "category_id = id" }
                    keys: [ "%s:product:{product.id}" ]
                """
                        .formatted(shop.name)
                    + RULE),
            Map.of(),
            Map.of())
        .config();
  }
}
