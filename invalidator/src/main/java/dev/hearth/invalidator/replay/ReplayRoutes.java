package dev.hearth.invalidator.replay;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemDetail.FieldError;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.invalidator.replay.LogPlaces.Place;
import dev.hearth.invalidator.replay.ReplayingStore.PartitionReplay;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;

/**
 * {@code POST /v1/replays} with {@code {"from": "2026-05-01T12:00:00Z", "store": "redis", "void":
 * false}}, and {@code GET /v1/replays}. Without a store, all of them; without {@code void}, a log
 * that does not reach back so far is a conflict.
 */
public final class ReplayRoutes implements Routes {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PATH = "/v1/replays";
  private static final Set<String> FIELDS = Set.of("from", "store", "void");

  private final LogPlaces places;
  private final Supplier<List<? extends ReplayingStore>> stores;

  /**
   * The routes.
   *
   * @param stores that this process delivers to
   */
  public ReplayRoutes(LogPlaces places, Supplier<List<? extends ReplayingStore>> stores) {
    this.places = places;
    this.stores = stores;
  }

  @Override
  public void register(RoutesConfig routes) {
    routes.post(PATH, this::replay);
    routes.get(PATH, context -> context.json(view()));
  }

  private record Request(ReplayFrom from, Optional<String> store, boolean voids) {}

  private void replay(Context context) {
    Request request = parse(context.body());
    List<? extends ReplayingStore> wanted =
        stores.get().stream()
            .filter(store -> request.store().map(store.name()::equals).orElse(true))
            .toList();
    SortedMap<Integer, Place> found;
    try {
      found = places.find(request.from());
    } catch (KafkaException e) {
      throw new ProblemException(
          ProblemDetail.of(
              503,
              "Service Unavailable",
              "Nothing is replayed: Kafka does not tell where to begin ("
                  + e.getMessage()
                  + "); try again."));
    }
    List<Integer> tooOld =
        found.entrySet().stream()
            .filter(place -> !place.getValue().reaches())
            .map(Map.Entry::getKey)
            .toList();
    if (!tooOld.isEmpty() && !request.voids()) {
      throw new ProblemException(
          ProblemDetail.of(
              409,
              "Conflict",
              "The log of invalidations does not reach back so far (partitions "
                  + tooOld
                  + "): what is gone cannot be applied again. Take a later place, or void instead"
                  + " what is cached (\"void\": true, hearth replay --void): then every reader goes"
                  + " to the database until it is filled again."));
    }
    Map<Integer, Long> from = new LinkedHashMap<>();
    Map<Integer, Long> to = new LinkedHashMap<>();
    found.forEach(
        (partition, place) -> {
          from.put(partition, place.reaches() ? place.offset() : -1L);
          to.put(partition, place.end());
        });
    List<String> refused = new ArrayList<>();
    for (ReplayingStore store : wanted) {
      store.replay(from, to).ifPresent(reason -> refused.add(store.name() + ": " + reason));
    }
    if (!refused.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              409, "Conflict", "Not replayed, or not everywhere: " + String.join("; ", refused)));
    }
    context.status(202).header("Location", PATH).json(view());
  }

  private Map<String, List<PartitionReplay>> view() {
    Map<String, List<PartitionReplay>> view = new LinkedHashMap<>();
    stores.get().forEach(store -> view.put(store.name(), store.replays()));
    return view;
  }

  private Request parse(String body) {
    JsonNode node;
    try {
      node = JSON.readTree(body);
    } catch (JacksonException e) {
      throw new ProblemException(
          ProblemDetail.of(400, "Bad Request", "The body is no JSON.", example()));
    }
    if (node == null || !node.isObject()) {
      throw new ProblemException(
          ProblemDetail.of(400, "Bad Request", "The body is no JSON object.", example()));
    }
    List<FieldError> errors = new ArrayList<>();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!FIELDS.contains(name)) {
        errors.add(new FieldError(name, "is not known; expected from, store and void"));
      }
    }
    Optional<ReplayFrom> from = ReplayFrom.parse(node.path("from").asText());
    if (from.isEmpty()) {
      errors.add(
          new FieldError(
              "from",
              (node.has("from") ? "is " + node.path("from") : "is missing")
                  + "; expected a position such as 3:16/B374D848, or a time such as"
                  + " 2026-05-01T12:00:00Z"));
    }
    Optional<String> store =
        node.has("store") ? Optional.of(node.path("store").asText()) : Optional.empty();
    List<String> known = stores.get().stream().map(ReplayingStore::name).toList();
    if (store.isPresent() && !known.contains(store.get())) {
      errors.add(
          new FieldError("store", "is " + node.path("store") + "; expected one of " + known));
    }
    if (node.has("void") && !node.path("void").isBoolean()) {
      errors.add(new FieldError("void", "is " + node.path("void") + "; expected true or false"));
    }
    if (from.isEmpty() || !errors.isEmpty()) {
      throw new ProblemException(
          ProblemDetail.of(
              422,
              "Unprocessable Content",
              "It cannot be replayed as asked; see errors.",
              errors.toArray(FieldError[]::new)));
    }
    return new Request(from.get(), store, node.path("void").asBoolean());
  }

  private static FieldError example() {
    return new FieldError("body", "expected such as {\"from\": \"2026-05-01T12:00:00Z\"}");
  }
}
