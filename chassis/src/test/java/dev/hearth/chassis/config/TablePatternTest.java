package dev.hearth.chassis.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TablePatternTest {
  @ParameterizedTest
  @CsvSource({
    "public.product, public.product, true",
    "public.product, public.products, false",
    "public.product, publicxproduct, false",
    "public.order_*, public.order_2024, true",
    "public.order_*, public.order_, true",
    "public.order_*, public.order, false",
    "public.order_*, other.order_1, false",
    "tenant_*.product, tenant_7.product, true",
    "tenant_*.product, tenant_7.product_2, false",
    "tenant_*.*, tenant_7.price, true",
    "tenant_*, tenant_7.price, false",
    "a.b[*]+, a.b[x]+, true",
    "a.b[*]+, a.bxx, false",
  })
  void standsForTheTablesWhoseNamesAreSo(String pattern, String table, boolean matches) {
    assertThat(TablePattern.of(pattern).matches(table)).isEqualTo(matches);
  }

  @Test
  void aStarIsNeverTheDot() {
    assertThat(TablePattern.of("a*.b").of(List.of("a.x.b", "a1.b", "a.b")))
        .containsExactly("a1.b", "a.b");
  }
}
