package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.Position;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class CellCodecTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final LeaseToken TOKEN = new LeaseToken(0x0102030405060708L, 0x090A0B0C0D0E0F10L);
  private static final Lease LEASE =
      new Lease(
          TOKEN, new Position(3, 0x16B374D848L), new Position(3, 0x16B374D900L), new Era(3, -2, 5));
  private static final Lease TAGGED =
      new Lease(
          TOKEN,
          LEASE.applied(),
          LEASE.raised(),
          LEASE.era(),
          List.of(new TagToken(1, -1), new TagToken(Long.MIN_VALUE, 2)));
  private static final String HEADER =
      "0000000000000003" + "fffffffffffffffe" + "0000000000000005" + "00000016b374d848";

  @Test
  void writesTheDocumentedBytes() {
    byte[] marker = CellCodec.marker(TOKEN);
    byte[] entry = CellCodec.entry(LEASE, Value.of("hé".getBytes(StandardCharsets.UTF_8)));
    byte[] nothing = CellCodec.entry(LEASE, Value.absent());

    assertThat(HEX.formatHex(marker)).isEqualTo("48e101" + "0102030405060708090a0b0c0d0e0f10");
    assertThat(HEX.formatHex(entry)).isEqualTo("48e102" + HEADER + "68c3a9");
    assertThat(HEX.formatHex(nothing)).isEqualTo("48e103" + HEADER);
  }

  @Test
  void writesTheDocumentedBytesOfEntriesWithTags() {
    byte[] entry = CellCodec.entry(TAGGED, Value.of("hé".getBytes(StandardCharsets.UTF_8)));
    byte[] nothing = CellCodec.entry(TAGGED, Value.absent());

    String tags = "02" + "0000000000000001ffffffffffffffff" + "80000000000000000000000000000002";
    assertThat(HEX.formatHex(entry)).isEqualTo("48e104" + HEADER + tags + "68c3a9");
    assertThat(HEX.formatHex(nothing)).isEqualTo("48e105" + HEADER + tags);
  }

  @Test
  void readsWhatItWritesWithTags() {
    Value value = Value.of(new byte[] {0, 1, (byte) 0xFF});

    for (Value each : List.of(value, Value.absent(), Value.of(new byte[0]))) {
      assertThat(CellCodec.decode(CellCodec.entry(TAGGED, each)))
          .isEqualTo(new Cell.Entry(TAGGED.era(), TAGGED.applied(), TAGGED.tags(), each));
    }
  }

  @Test
  void takesWhatBeginsLikeTagsAndIsNoneForForeign() {
    byte[] nothing = CellCodec.entry(TAGGED, Value.absent());
    String tag = "0000000000000001ffffffffffffffff";

    for (int length = 0; length < nothing.length; length++) {
      assertForeign(Arrays.copyOf(nothing, length));
    }
    assertForeign(Arrays.copyOf(nothing, nothing.length + 1));
    assertForeign(HEX.parseHex("48e104" + HEADER + "00"));
    assertForeign(HEX.parseHex("48e104" + HEADER + "41" + tag.repeat(65)));
    assertForeign(HEX.parseHex("48e104" + HEADER + "ff" + tag.repeat(64)));
    assertForeign(HEX.parseHex("48e106" + HEADER + "01" + tag));
  }

  @Test
  void readsWhatItWrites() {
    Value value = Value.of(new byte[] {0, 1, (byte) 0xFF});

    assertThat(CellCodec.decode(CellCodec.marker(TOKEN))).isEqualTo(new Cell.Marker(TOKEN));
    assertThat(CellCodec.decode(CellCodec.entry(LEASE, value)))
        .isEqualTo(new Cell.Entry(LEASE.era(), LEASE.applied(), value));
    assertThat(CellCodec.decode(CellCodec.entry(LEASE, Value.absent())))
        .isEqualTo(new Cell.Entry(LEASE.era(), LEASE.applied(), Value.absent()));
  }

  @Test
  void tellsAnEmptyValueFromAnAbsentOne() {
    Value empty = Value.of(new byte[0]);

    Cell cell = CellCodec.decode(CellCodec.entry(LEASE, empty));

    assertThat(cell).isEqualTo(new Cell.Entry(LEASE.era(), LEASE.applied(), empty));
    assertThat(empty).isNotEqualTo(Value.absent());
  }

  @Test
  void takesEverythingElseForForeign() {
    byte[] marker = CellCodec.marker(TOKEN);
    byte[] nothing = CellCodec.entry(LEASE, Value.absent());

    for (int length = 0; length < marker.length; length++) {
      assertForeign(Arrays.copyOf(marker, length));
    }
    for (int length = 0; length < nothing.length; length++) {
      assertForeign(Arrays.copyOf(nothing, length));
    }
    assertForeign(Arrays.copyOf(marker, marker.length + 1));
    assertForeign(Arrays.copyOf(nothing, nothing.length + 1));
    assertForeign("a value of somebody else's".getBytes(StandardCharsets.UTF_8));
    assertForeign(HEX.parseHex("48e104" + HEADER));
    assertForeign(HEX.parseHex("48e102" + HEADER.replaceFirst("^00", "80")));
  }

  private static void assertForeign(byte[] bytes) {
    assertThat(CellCodec.decode(bytes)).as(HEX.formatHex(bytes)).isEqualTo(new Cell.Foreign());
  }
}
