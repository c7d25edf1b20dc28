package dev.hearth.warmer.plan;

import java.util.List;

/**
 * Hot keys that a plan does not warm, for one reason.
 *
 * @param keys how many
 * @param examples the hottest few of them
 */
public record LeftOut(Reason reason, int keys, List<String> examples) {
  static final int MOST_EXAMPLES = 5;

  public LeftOut {
    examples = List.copyOf(examples);
  }

  /** Why a key is left out. */
  public enum Reason {
    NOT_OF_THE_CACHE("not-of-the-cache", "reported, but no key of the cache's template"),
    CHURNING("churning", "written more often than read, so a fill would be wasted"),
    ALREADY_WARM("already-warm", "in every store already"),
    BEYOND_KEYS("beyond-keys", "more than the budget of keys"),
    BEYOND_BYTES("beyond-bytes", "more than the budget of bytes, as far as sizes are known");

    private final String label;
    private final String sentence;

    Reason(String label, String sentence) {
      this.label = label;
      this.sentence = sentence;
    }

    /** For programs. */
    public String label() {
      return label;
    }

    /** For people. */
    public String sentence() {
      return sentence;
    }
  }
}
