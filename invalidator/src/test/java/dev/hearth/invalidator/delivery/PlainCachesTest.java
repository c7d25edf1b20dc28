package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Round;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlainCachesTest {

  /** No row can be told from some of them, and all the same a client may have put them there. */
  @Test
  void emptiesACacheOfEveryKeyThatItsTemplateCanMake() {
    List<String> standing =
        List.of("stock:1:a", "stock:1:x:y", "stock::", "stock:a\n:b", "stock:", "stocks:1:a");
    PlainCaches caches =
        new PlainCaches(
            "redis",
            Map.of(
                "stock",
                new StoreCaches.Plain(
                    KeyTemplate.parse("stock:{shop}:{sku}"), Duration.ofSeconds(5))),
            (cache, prefix) -> standing.stream().filter(key -> key.startsWith(prefix)),
            1,
            new Metrics("test"));
    Target target = new Target();
    caches.open(0, Optional.empty(), -1);

    caches.emptyWithoutRecord(target, Set.of(0));

    assertThat(target.deleted)
        .containsExactlyInAnyOrder("stock:1:a", "stock:1:x:y", "stock::", "stock:a\n:b");
  }

  /** Remembers what it is told to delete. */
  private static final class Target implements DeliveryTarget {
    private final Set<String> deleted = new LinkedHashSet<>();

    @Override
    public String name() {
      return "redis";
    }

    @Override
    public Optional<Resume> open(int partition) {
      return Optional.empty();
    }

    @Override
    public void abandon(int partition) {}

    @Override
    public Map<Integer, RoundOutcome> apply(Collection<Round> rounds) {
      Map<Integer, RoundOutcome> outcomes = new HashMap<>();
      for (Round round : rounds) {
        round.keys().stream().map(CacheKey::key).forEach(deleted::add);
        outcomes.put(round.partition(), RoundOutcome.APPLIED);
      }
      return outcomes;
    }

    @Override
    public void close() {}
  }
}
