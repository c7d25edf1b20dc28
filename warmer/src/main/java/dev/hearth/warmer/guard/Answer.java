package dev.hearth.warmer.guard;

/** Whether a store may be filled now. */
public sealed interface Answer {
  Answer GO = new Go();

  record Go() implements Answer {}

  /** Not yet; ask again in a moment. */
  record Wait(String sentence) implements Answer {}

  /** No; the sentence says why and what to do. */
  record Refuse(String sentence) implements Answer {}
}
