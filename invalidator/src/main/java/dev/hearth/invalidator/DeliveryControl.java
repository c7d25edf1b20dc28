package dev.hearth.invalidator;

import dev.hearth.chassis.http.Routes;
import dev.hearth.invalidator.delivery.Delivery;
import dev.hearth.invalidator.replay.LogPlaces;
import dev.hearth.invalidator.replay.ReplayRoutes;
import dev.hearth.invalidator.replay.ReplayingStore;
import dev.hearth.schemas.topic.Topics;
import io.javalin.config.RoutesConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** What can be asked of the deliveries of this process over HTTP. Thread-safe. */
public final class DeliveryControl implements Routes {
  private final List<ReplayingStore> stores = new CopyOnWriteArrayList<>();
  private final ReplayRoutes replays;

  /**
   * Without deliveries; {@link Invalidator#components} adds them.
   *
   * @param kafka properties of every Kafka client, bootstrap servers among them
   */
  public DeliveryControl(Topics topics, Map<String, Object> kafka) {
    this.replays = new ReplayRoutes(new LogPlaces(topics.invalidations(), kafka), () -> stores);
  }

  void add(Delivery delivery) {
    stores.add(new Replaying(delivery));
  }

  @Override
  public void register(RoutesConfig routes) {
    replays.register(routes);
  }

  private record Replaying(Delivery delivery) implements ReplayingStore {
    @Override
    public String name() {
      return delivery.store();
    }

    @Override
    public Optional<String> replay(Map<Integer, Long> from, Map<Integer, Long> to) {
      return delivery.replay(from, to);
    }

    @Override
    public List<PartitionReplay> replays() {
      return delivery.replays(PartitionReplay::new);
    }
  }
}
