package dev.hearth.warmer.plan;

import dev.hearth.schemas.access.Churn;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.access.HotKeys.HotKey;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.warmer.plan.LeftOut.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * The keys that a run shall see to, the first ones first, before it is known which are warm. Keys
 * of another template and churning ones do not use up the asked number.
 */
public final class Candidates {
  private final WarmupRequest request;
  private final List<HotKey> keys;
  private final Reasons leftOut;

  private Candidates(WarmupRequest request, List<HotKey> keys, Reasons leftOut) {
    this.request = request;
    this.keys = keys;
    this.leftOut = leftOut;
  }

  /** Chooses by what is known of the keys. */
  public static Candidates of(HotKeys hot, WarmupRequest request, KeyTemplate template) {
    Reasons leftOut = new Reasons();
    List<HotKey> suitable = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (HotKey key : hot.keys()) {
      if (!seen.add(key.key())) {
        continue;
      }
      if (template.parseKey(key.key()).isEmpty()) {
        leftOut.add(Reason.NOT_OF_THE_CACHE, key.key());
      } else if (Churn.isChurning(key)) {
        leftOut.add(Reason.CHURNING, key.key());
      } else {
        suitable.add(key);
      }
    }
    List<HotKey> first =
        switch (request.by()) {
          case READS -> suitable;
          case WEIGHT -> byWeight(suitable);
        };
    return new Candidates(
        request, List.copyOf(first.subList(0, Math.min(request.top(), first.size()))), leftOut);
  }

  /**
   * Reads times load time, the largest first. A key of which no load was seen counts with the mean
   * of the others; where none was seen, reads alone decide.
   */
  private static List<HotKey> byWeight(List<HotKey> keys) {
    double usual = mean(keys, HotKey::loadMicros);
    List<HotKey> sorted = new ArrayList<>(keys);
    sorted.sort(
        Comparator.comparingDouble(
            key -> -key.readsPerSecond() * known(key.loadMicros(), usual == 0 ? 1 : usual)));
    return sorted;
  }

  /** Those to look for in the stores, in order. */
  public List<String> keys() {
    return keys.stream().map(HotKey::key).toList();
  }

  /**
   * The plan.
   *
   * @param warm those of the keys that every store holds
   */
  public WarmupPlan plan(Set<String> warm) {
    Reasons reasons = leftOut.copy();
    double usualBytes = mean(keys, HotKey::bytes);
    double usualMicros = mean(keys, HotKey::loadMicros);
    int mostKeys = request.budget().keys().orElse(Integer.MAX_VALUE);
    double mostBytes = request.budget().bytes().orElse(Long.MAX_VALUE);
    List<String> planned = new ArrayList<>();
    double bytes = 0;
    double micros = 0;
    boolean full = false;
    for (HotKey key : keys) {
      double size = known(key.bytes(), usualBytes);
      if (warm.contains(key.key())) {
        reasons.add(Reason.ALREADY_WARM, key.key());
      } else if (planned.size() >= mostKeys) {
        reasons.add(Reason.BEYOND_KEYS, key.key());
      } else if (full || bytes + size > mostBytes) {
        // What comes after a key that does not fit is colder: it must not slip in.
        full = true;
        reasons.add(Reason.BEYOND_BYTES, key.key());
      } else {
        planned.add(key.key());
        bytes += size;
        micros += known(key.loadMicros(), usualMicros);
      }
    }
    return new WarmupPlan(planned, reasons.all(), Math.round(bytes), Math.round(micros));
  }

  /** Of those that are known; 0 where none is. */
  private static double mean(List<HotKey> keys, ToDoubleFunction<HotKey> value) {
    return keys.stream().mapToDouble(value).filter(each -> known(each, 0) > 0).average().orElse(0);
  }

  /** Figures travel over a topic: what is no figure is not known. */
  private static double known(double value, double otherwise) {
    return Double.isFinite(value) && value > 0 ? value : otherwise;
  }
}
