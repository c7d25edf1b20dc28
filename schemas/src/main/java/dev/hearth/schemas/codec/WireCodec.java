package dev.hearth.schemas.codec;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.warmup.Pause;
import dev.hearth.schemas.warmup.TriggerClaim;
import dev.hearth.schemas.warmup.WarmupCommand;
import dev.hearth.schemas.warmup.WarmupRun;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.SchemaStore;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.avro.util.ClassSecurityValidator;
import org.jspecify.annotations.Nullable;

/**
 * Records to bytes and back in Avro's single-object encoding: two bytes of magic, eight of the
 * schema's fingerprint, then the record. The fingerprint says which record it is, so that one topic
 * can carry several. Thread-safe.
 */
public final class WireCodec {
  /** Two of magic, eight of the fingerprint. */
  static final int HEADER_BYTES = 10;

  private final Map<Class<?>, RecordType<?, ?>> byDomain = new HashMap<>();
  private final Map<Long, RecordType<?, ?>> byFingerprint = new HashMap<>();
  private final Map<Long, Schema> schemas = new HashMap<>();

  static {
    // Avro makes only classes that it was told to trust: the generated ones, beside what others
    // trust.
    ClassSecurityValidator.setGlobal(
        ClassSecurityValidator.composite(
            ClassSecurityValidator.getGlobal(),
            type ->
                type.getPackageName()
                    .equals(dev.hearth.schemas.wire.Position.class.getPackageName())));
  }

  private static final WireCodec INSTANCE = new WireCodec(PublishedSchemas::versionsOf);

  private final Function<String, List<Schema>> versionsOf;

  private WireCodec(Function<String, List<Schema>> versionsOf) {
    this.versionsOf = versionsOf;
    add(
        ChangeEvent.class,
        dev.hearth.schemas.wire.ChangeEvent.getClassSchema(),
        dev.hearth.schemas.wire.ChangeEvent.getEncoder(),
        dev.hearth.schemas.wire.ChangeEvent::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        SnapshotRow.class,
        dev.hearth.schemas.wire.SnapshotRow.getClassSchema(),
        dev.hearth.schemas.wire.SnapshotRow.getEncoder(),
        dev.hearth.schemas.wire.SnapshotRow::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        SnapshotEnd.class,
        dev.hearth.schemas.wire.SnapshotEnd.getClassSchema(),
        dev.hearth.schemas.wire.SnapshotEnd.getEncoder(),
        dev.hearth.schemas.wire.SnapshotEnd::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        SnapshotRequest.class,
        dev.hearth.schemas.wire.SnapshotRequest.getClassSchema(),
        dev.hearth.schemas.wire.SnapshotRequest.getEncoder(),
        dev.hearth.schemas.wire.SnapshotRequest::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        Watermark.class,
        dev.hearth.schemas.wire.Watermark.getClassSchema(),
        dev.hearth.schemas.wire.Watermark.getEncoder(),
        dev.hearth.schemas.wire.Watermark::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        EpochRaised.class,
        dev.hearth.schemas.wire.EpochRaised.getClassSchema(),
        dev.hearth.schemas.wire.EpochRaised.getEncoder(),
        dev.hearth.schemas.wire.EpochRaised::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        GenerationRaised.class,
        dev.hearth.schemas.wire.GenerationRaised.getClassSchema(),
        dev.hearth.schemas.wire.GenerationRaised.getEncoder(),
        dev.hearth.schemas.wire.GenerationRaised::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        Invalidation.class,
        dev.hearth.schemas.wire.Invalidation.getClassSchema(),
        dev.hearth.schemas.wire.Invalidation.getEncoder(),
        dev.hearth.schemas.wire.Invalidation::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        Applied.class,
        dev.hearth.schemas.wire.Applied.getClassSchema(),
        dev.hearth.schemas.wire.Applied.getEncoder(),
        dev.hearth.schemas.wire.Applied::createDecoder,
        StreamConversions::toWire,
        StreamConversions::fromWire);
    add(
        AccessReport.class,
        dev.hearth.schemas.wire.AccessReport.getClassSchema(),
        dev.hearth.schemas.wire.AccessReport.getEncoder(),
        dev.hearth.schemas.wire.AccessReport::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
    add(
        HotKeys.class,
        dev.hearth.schemas.wire.HotKeys.getClassSchema(),
        dev.hearth.schemas.wire.HotKeys.getEncoder(),
        dev.hearth.schemas.wire.HotKeys::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
    add(
        WarmupRun.class,
        dev.hearth.schemas.wire.WarmupRun.getClassSchema(),
        dev.hearth.schemas.wire.WarmupRun.getEncoder(),
        dev.hearth.schemas.wire.WarmupRun::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
    add(
        Pause.class,
        dev.hearth.schemas.wire.Pause.getClassSchema(),
        dev.hearth.schemas.wire.Pause.getEncoder(),
        dev.hearth.schemas.wire.Pause::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
    add(
        WarmupCommand.class,
        dev.hearth.schemas.wire.WarmupCommand.getClassSchema(),
        dev.hearth.schemas.wire.WarmupCommand.getEncoder(),
        dev.hearth.schemas.wire.WarmupCommand::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
    add(
        TriggerClaim.class,
        dev.hearth.schemas.wire.TriggerClaim.getClassSchema(),
        dev.hearth.schemas.wire.TriggerClaim.getEncoder(),
        dev.hearth.schemas.wire.TriggerClaim::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
    add(
        AuditVerdict.class,
        dev.hearth.schemas.wire.AuditVerdict.getClassSchema(),
        dev.hearth.schemas.wire.AuditVerdict.getEncoder(),
        dev.hearth.schemas.wire.AuditVerdict::createDecoder,
        WarmingConversions::toWire,
        WarmingConversions::fromWire);
  }

  public static WireCodec instance() {
    return INSTANCE;
  }

  /** A codec that knows other published versions; for tests. */
  static WireCodec with(Function<String, List<Schema>> versionsOf) {
    return new WireCodec(versionsOf);
  }

  private <D, W extends SpecificRecordBase> void add(
      Class<D> domain,
      Schema schema,
      BinaryMessageEncoder<W> encoder,
      Function<SchemaStore, BinaryMessageDecoder<W>> decoder,
      Function<D, W> toWire,
      Function<W, D> fromWire) {
    SchemaStore.Cache published = new SchemaStore.Cache();
    List<Schema> versions = versionsOf.apply(schema.getName());
    versions.forEach(published::addSchema);
    RecordType<D, W> type =
        new RecordType<>(domain, schema, encoder, decoder, published, toWire, fromWire);
    byDomain.put(domain, type);
    byFingerprint.put(type.fingerprint(), type);
    schemas.put(type.fingerprint(), schema);
    for (Schema version : versions) {
      long fingerprint = SchemaNormalization.parsingFingerprint64(version);
      byFingerprint.put(fingerprint, type);
      schemas.put(fingerprint, version);
    }
  }

  /**
   * The bytes of a record.
   *
   * @throws IllegalArgumentException if records of its class do not travel
   */
  public byte[] encode(Object record) {
    RecordType<?, ?> type = byDomain.get(record.getClass());
    if (type == null) {
      throw new IllegalArgumentException(
          record.getClass().getName() + " is not a record that travels");
    }
    return type.encode(record);
  }

  /**
   * The record that the bytes hold, whichever published version wrote them.
   *
   * @throws UnreadableRecordException with the reason
   */
  public Object decode(byte @Nullable [] bytes) {
    if (bytes == null) {
      throw new UnreadableRecordException("the value is null");
    }
    if (bytes.length < HEADER_BYTES || bytes[0] != (byte) 0xC3 || bytes[1] != 0x01) {
      throw new UnreadableRecordException(
          "the value of "
              + bytes.length
              + " bytes does not begin with C3 01, Avro's single-object marker");
    }
    long fingerprint = ByteBuffer.wrap(bytes, 2, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
    RecordType<?, ?> type = byFingerprint.get(fingerprint);
    Schema writer = schemas.get(fingerprint);
    if (type == null || writer == null) {
      throw new UnreadableRecordException(
          "the schema with fingerprint "
              + fingerprintText(fingerprint)
              + " is not known to this build; a newer version may have written it");
    }
    return type.decode(bytes, writer);
  }

  /** The schema with a fingerprint (CRC-64-AVRO), of any published version. */
  public Optional<Schema> schema(long fingerprint) {
    return Optional.ofNullable(schemas.get(fingerprint));
  }

  /** The records that travel. */
  Set<Class<?>> recordTypes() {
    return Set.copyOf(byDomain.keySet());
  }

  /** The schema that records of a class are written with. */
  public Schema schemaOf(Class<?> domain) {
    RecordType<?, ?> type = byDomain.get(domain);
    if (type == null) {
      throw new IllegalArgumentException(domain.getName() + " is not a record that travels");
    }
    return type.schema();
  }

  private static String fingerprintText(long fingerprint) {
    return String.format("%016x", fingerprint);
  }
}
