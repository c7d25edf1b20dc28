package dev.hearth.warmer.heat;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.codec.WireCodec;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Bytes to reports, one part for each cache; nothing that a client sends stops it. What is wrong is
 * left out and counted: in {@code hearth_access_reports_total} a report counts once under each
 * thing that was wrong with it, and as {@code counted} when nothing was.
 */
final class ReportReader implements Processor<byte[], byte[], byte[], ReadReport> {
  private static final String STAGE = "heat";

  private static final String COUNTED = "counted";

  private final CountCheck check;
  private final Metrics metrics;
  private @Nullable ProcessorContext<byte[], ReadReport> context;

  ReportReader(CountCheck check, Metrics metrics) {
    this.check = check;
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], ReadReport> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (context == null) {
      throw new IllegalStateException("process before init");
    }
    try {
      Object decoded = WireCodec.instance().decode(record.value());
      if (!(decoded instanceof AccessReport report)) {
        throw new UnreadableRecordException(
            "a " + decoded.getClass().getSimpleName() + " record does not belong on this topic");
      }
      forwardParts(context, record, report);
    } catch (UnreadableRecordException e) {
      count(CountCheck.Flaw.UNREADABLE.label());
      metrics.counter(Metric.DEAD_LETTERS, STAGE).increment();
      context.forward(
          record
              .withValue((ReadReport) new ReadReport.Unreadable(record.value()))
              .withHeaders(reason(context, record, e)));
    }
  }

  private void forwardParts(
      ProcessorContext<byte[], ReadReport> to, Record<byte[], byte[]> record, AccessReport report) {
    Instant now = Instant.ofEpochMilli(to.currentSystemTimeMs());
    Set<CountCheck.Flaw> wrong = EnumSet.noneOf(CountCheck.Flaw.class);
    if (check.isOfTheFuture(report.to(), now)) {
      wrong.add(CountCheck.Flaw.FUTURE);
    }
    Map<String, List<AccessReport.KeyCount>> byCache = new TreeMap<>();
    for (AccessReport.KeyCount count : report.counts()) {
      check
          .flaw(count, report.to(), now)
          .ifPresentOrElse(
              wrong::add,
              () -> byCache.computeIfAbsent(count.cache(), each -> new ArrayList<>()).add(count));
    }
    byCache.forEach(
        (cache, counts) ->
            to.forward(
                record.withValue(
                    (ReadReport)
                        new ReadReport.Part(
                            cache,
                            new AccessReport(
                                report.client(),
                                report.from(),
                                report.to(),
                                counts,
                                report.dropped())))));
    if (wrong.isEmpty()) {
      count(COUNTED);
    } else {
      wrong.forEach(flaw -> count(flaw.label()));
    }
  }

  private void count(String outcome) {
    metrics.counter(Metric.ACCESS_REPORTS, outcome).increment();
  }

  /** The headers that Kafka Streams gives its own dead letters (KIP-1034), and the stage. */
  private static RecordHeaders reason(
      ProcessorContext<byte[], ReadReport> context, Record<byte[], byte[]> record, Exception why) {
    RecordHeaders headers = new RecordHeaders(record.headers());
    headers.add("hearth.stage", text(STAGE));
    headers.add("__streams.errors.exception", text(why.getClass().getName()));
    headers.add("__streams.errors.message", text(String.valueOf(why.getMessage())));
    context
        .recordMetadata()
        .ifPresent(
            at -> {
              headers.add("__streams.errors.topic", text(at.topic()));
              headers.add("__streams.errors.partition", text(Integer.toString(at.partition())));
              headers.add("__streams.errors.offset", text(Long.toString(at.offset())));
            });
    return headers;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
