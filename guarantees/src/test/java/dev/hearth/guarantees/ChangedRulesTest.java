package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.client.CoherentCache;
import dev.hearth.store.FencedStore;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * What other rules left in a cache is not believed under new ones, and two sets of rules never run
 * at the same time.
 */
class ChangedRulesTest {
  private static final String OLD = "columns: [ amount ]";
  private static final String NEW = "columns: [ amount, note ]";

  @Test
  void otherRulesAreRefusedWhileTheOldOnesRunAndVoidTheirCachesAfterwards() throws Exception {
    try (Shop shop = new Shop()) {
      shop.execute("insert into product values (1, 'cup', 10)");
      shop.execute("insert into category values (10, 'kitchen')");
      try (Services old = shop.startAll()) {
        fill(shop, old);

        assertThatThrownBy(
                () -> {
                  try (Services second = new Services(changed(shop), EnumSet.of(Role.INVALIDATE))) {
                    second.start();
                  }
                })
            .isInstanceOf(StartupException.class)
            .hasMessageContaining("need the same caches and rules");
      }

      try (Services next = new Services(changed(shop), EnumSet.allOf(Role.class))) {
        next.start();
        FencedStore store = shop.store(next, "redis");
        eventually(() -> assertThat(shop.cached(store, "product", shop.product(1))).isEmpty());
        assertThat(shop.cached(store, "category", shop.category(10)))
            .as("its rules are the same")
            .contains("page");
      }
    }
  }

  private static void fill(Shop shop, Services services) throws Exception {
    FencedStore store = shop.store(services, "redis");
    shop.awaitLeases(store);
    CoherentCache<String> products = shop.cache(services, "product", "redis");
    CoherentCache<String> categories = shop.cache(services, "category", "redis");
    eventually(
        () -> {
          products.get(shop.product(1), shop.productName());
          categories.get(shop.category(10), key -> Optional.of("page"));
          assertThat(shop.cached(store, "product", shop.product(1))).contains("cup");
          assertThat(shop.cached(store, "category", shop.category(10))).contains("page");
        });
  }

  private static HearthConfig changed(Shop shop) throws Exception {
    String yaml = shop.yaml(Files.createTempDirectory("hearth-" + shop.name));
    assertThat(yaml).contains(OLD);
    return ConfigLoader.parse(shop.name, yaml.replace(OLD, NEW), Map.of(), Map.of()).config();
  }
}
