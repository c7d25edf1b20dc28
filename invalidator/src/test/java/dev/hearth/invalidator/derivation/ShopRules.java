package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import java.util.Map;

/** Configurations of a small shop, for tests of this module. */
public final class ShopRules {
  public static final String CACHES =
      """
        product: { stores: [ redis ], key: "product:{id}" }
        category: { stores: [ redis ], key: "category:{id}" }
        stock: { stores: [ redis ], key: "stock:{shop}:{id}" }
      """;

  public static final String RULES =
      """
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
        - { table: public.price, columns: [ amount ], keys: [ "product:{product_id}" ] }
        - { table: public.stock, columns: [ free ], keys: [ "stock:{shop}:{product_id}" ] }
        - table: public.category
          through: { table: public.product, on: "category_id = id" }
          keys: [ "product:{product.id}" ]
        - { table: public.category, keys: [ "category:{id}" ] }
      """;

  private ShopRules() {}

  public static HearthConfig config(String caches, String rules) {
    return ConfigLoader.parse(
            "hearth.yaml",
            """
            source:
              postgres: { url: "jdbc:postgresql://nowhere/shop", user: hearth }
            kafka: { bootstrapServers: "nowhere:9092" }
            stores:
              redis: { type: redis, uri: "redis://nowhere" }
              other: { type: redis, uri: "redis://elsewhere" }
            caches:
            """
                + caches
                + "rules:\n"
                + rules,
            Map.of(),
            Map.of())
        .config();
  }

  public static Rules rules() {
    return Rules.compile(config(CACHES, RULES));
  }
}
