package dev.hearth.cli.why;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * The answer of {@code /v1/why} as a picture that is read from top to bottom: time on the left, the
 * way of each event down its middle, newest last. Immutable.
 */
public final class Picture {
  private static final int LEFT = 12;
  private static final int STAGE = 13;
  private static final int NARROWEST = 60;
  private static final String RESET = "\u001b[0m";

  private final int width;
  private final boolean coloured;

  private enum Ink {
    STRONG("\u001b[1m"),
    GOOD("\u001b[32m"),
    DOUBT("\u001b[33m"),
    VOID("\u001b[35m"),
    FAINT("\u001b[2m"),
    PLAIN("");

    private final String begin;

    Ink(String begin) {
      this.begin = begin;
    }
  }

  /** A step of the way. */
  private record Step(String left, String stage, String text, Ink ink) {}

  /**
   * A picture.
   *
   * @param width columns of the terminal
   */
  public Picture(int width, boolean coloured) {
    this.width = Math.max(NARROWEST, width);
    this.coloured = coloured;
  }

  /** Draws it; every line ends with a line break. */
  public String of(JsonNode answer) {
    StringBuilder out = new StringBuilder();
    JsonNode stories = answer.path("stories");
    if (stories.size() > 1) {
      out.append(
              wrapped(
                  answer.path("key").asText()
                      + " can belong to "
                      + stories.size()
                      + " caches; --cache chooses one.",
                  0))
          .append('\n');
    }
    for (JsonNode story : stories) {
      story(answer, story, out);
    }
    return out.toString();
  }

  private void story(JsonNode answer, JsonNode story, StringBuilder out) {
    StringJoiner stores = new StringJoiner(", ");
    story.path("stores").forEach(store -> stores.add(store.asText()));
    out.append(ink(Ink.STRONG, answer.path("key").asText()))
        .append('\n')
        .append(
            wrapped(
                "cache "
                    + story.path("cache").asText()
                    + ", "
                    + story.path("mode").asText()
                    + ", "
                    + story.path("template").asText()
                    + ", in "
                    + stores,
                0))
        .append(
            wrapped(
                "known from "
                    + (story.has("recordedSince")
                        ? Moment.full(story.path("recordedSince"))
                        : "an unknown time")
                    + " to "
                    + (story.has("completeTo")
                        ? Moment.full(story.path("completeTo"))
                        : "an unknown time")
                    + ", UTC",
                0))
        .append('\n');
    String day = "";
    for (JsonNode event : story.path("events")) {
      if (!Moment.day(event.path("at")).equals(day)) {
        day = Moment.day(event.path("at"));
        out.append(ink(Ink.FAINT, day)).append('\n');
      }
      way(steps(event), "●", out);
      out.append(" ".repeat(LEFT + 1)).append(ink(Ink.FAINT, "▼")).append('\n');
    }
    List<Step> entries = new ArrayList<>();
    for (JsonNode entry : story.path("entries")) {
      entries.add(
          new Step(
              entries.isEmpty() ? "now" : "",
              entry.path("store").asText(),
              held(entry),
              ink(entry)));
    }
    way(entries, "○", out);
    out.append('\n');
    for (JsonNode sentence : story.path("notKnown")) {
      out.append(ink(Ink.FAINT, wrapped(sentence.asText(), 2)));
    }
    out.append('\n');
  }

  private static List<Step> steps(JsonNode event) {
    List<Step> steps = new ArrayList<>();
    String at = Moment.time(event.path("at"));
    String place =
        "partition "
            + event.path("partition").asInt()
            + ", offset "
            + event.path("offset").asLong();
    switch (event.path("kind").asText()) {
      case "invalidation" -> {
        steps.add(
            new Step(
                at, "commit", "transaction " + event.path("transaction").asLong(), Ink.STRONG));
        steps.add(
            new Step(
                lag(event, "capturedAt"),
                "change",
                event.path("table").asText() + ", row " + event.path("row").asText(),
                Ink.PLAIN));
        steps.add(new Step("", "rule", event.path("rule").asText(), Ink.PLAIN));
        steps.add(
            new Step(
                lag(event, "derivedAt"),
                "invalidation",
                "as of " + event.path("position").asText() + " (" + place + ")",
                Ink.PLAIN));
      }
      case "generation" ->
          steps.add(
              new Step(
                  at,
                  "generation",
                  "the whole cache is void: " + event.path("reason").asText() + " (" + place + ")",
                  Ink.VOID));
      case "epoch" ->
          steps.add(
              new Step(
                  at,
                  "epoch",
                  "everything from the source is void: "
                      + event.path("reason").asText()
                      + " ("
                      + place
                      + ")",
                  Ink.VOID));
      default ->
          steps.add(
              new Step(
                  at, "unreadable", event.path("reason").asText() + " (" + place + ")", Ink.VOID));
    }
    for (JsonNode store : event.path("stores")) {
      boolean applied = store.path("outcome").asText().equals("applied");
      String again =
          store.has("againAt")
              ? "; again at " + Moment.full(store.path("againAt")) + ", brought up to date"
              : "";
      steps.add(
          new Step(
              store.has("lagMillis") ? Moment.lag(store.path("lagMillis").asDouble()) : "?",
              store.path("store").asText(),
              store.path("sentence").asText() + again,
              applied ? Ink.GOOD : Ink.DOUBT));
    }
    return steps;
  }

  private static String lag(JsonNode event, String field) {
    return event.has(field)
        ? Moment.lag(Moment.millisBetween(event.path("at"), event.path(field)))
        : "";
  }

  private static String held(JsonNode entry) {
    StringBuilder text = new StringBuilder(entry.path("sentence").asText());
    if (entry.has("stamp")) {
      text.append(", as of ").append(entry.path("stamp").asText()).append(" or newer");
      String after = entry.has("leaseAfter") ? Moment.full(entry.path("leaseAfter")) : "";
      String before = entry.has("leaseBefore") ? Moment.full(entry.path("leaseBefore")) : "";
      text.append("; its lease was taken ")
          .append(after.isEmpty() ? "at a time that is not recorded" : "after " + after)
          .append(
              before.isEmpty() ? "" : (after.isEmpty() ? ", before " : " and before ") + before);
    }
    return text.toString();
  }

  private static Ink ink(JsonNode entry) {
    return switch (entry.path("state").asText()) {
      case "entry", "no_row" -> Ink.GOOD;
      case "not_known" -> Ink.DOUBT;
      default -> Ink.PLAIN;
    };
  }

  /** The steps, one below the other: {@code +4.9 ms ├ redis applied}. */
  private void way(List<Step> steps, String first, StringBuilder out) {
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      String mark = i == 0 ? first : i == steps.size() - 1 ? "└" : "├";
      String beside = i == steps.size() - 1 ? " " : "│";
      String stage = step.stage();
      List<String> lines =
          lines(step.text(), width - LEFT - 3 - Math.max(STAGE, stage.length() + 1));
      for (int line = 0; line < lines.size(); line++) {
        String left = line == 0 ? step.left() : "";
        String middle = line == 0 ? stage : "";
        out.append(" ".repeat(Math.max(0, LEFT - left.length())))
            .append(ink(Ink.FAINT, left))
            .append(' ')
            .append(ink(Ink.FAINT, line == 0 ? mark : beside))
            .append(' ')
            .append(middle)
            .append(" ".repeat(Math.max(STAGE, stage.length() + 1) - middle.length()))
            .append(ink(step.ink(), lines.get(line)))
            .append('\n');
      }
    }
  }

  private String ink(Ink ink, String text) {
    return coloured && ink != Ink.PLAIN && !text.isEmpty() ? ink.begin + text + RESET : text;
  }

  private String wrapped(String text, int indent) {
    StringBuilder out = new StringBuilder();
    lines(text, width - indent)
        .forEach(line -> out.append(" ".repeat(indent)).append(line).append('\n'));
    return out.toString();
  }

  /** Breaks between words, and in a word only where it alone is too long. */
  static List<String> lines(String text, int most) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      String rest = word;
      if (!line.isEmpty() && line.length() + 1 + rest.length() > most) {
        lines.add(line.toString());
        line.setLength(0);
      }
      while (rest.length() > most) {
        lines.add(rest.substring(0, most));
        rest = rest.substring(most);
      }
      line.append(line.isEmpty() ? "" : " ").append(rest);
    }
    lines.add(line.toString());
    return lines;
  }
}
