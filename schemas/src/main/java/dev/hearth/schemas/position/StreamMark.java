package dev.hearth.schemas.position;

/** What travels beside changes and invalidations, to every partition, in order with them. */
public sealed interface StreamMark permits Watermark, EpochRaised, GenerationRaised {
  /** The position that applying this mark raises to. */
  Position position();
}
